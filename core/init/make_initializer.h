// The families of weight and bias initialisers.

#ifndef TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_
#define TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_

#include <memory>
#include <variant>

#include "core/init/glorot_uniform.h"
#include "core/init/initializer.h"
#include "core/init/uniform_fan_in.h"
#include "core/init/zero_biases.h"

namespace trainyard {

using WeightInitializerOptions = std::variant<GlorotUniformOptions, UniformFanInOptions>;
using BiasInitializerOptions = std::variant<ZeroBiasesOptions>;

struct InitializationOptions {
  WeightInitializerOptions weights;
  BiasInitializerOptions biases;

  friend bool operator==(const InitializationOptions&, const InitializationOptions&) = default;
};

std::unique_ptr<const Initializer> MakeInitializer(const WeightInitializerOptions& options);
std::unique_ptr<const Initializer> MakeInitializer(const BiasInitializerOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_
