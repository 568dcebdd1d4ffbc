// The families of weight and bias initialisers.

#ifndef TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_
#define TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_

#include <memory>
#include <optional>
#include <variant>

#include "absl/status/status.h"
#include "core/init/constant_biases.h"
#include "core/init/gaussian.h"
#include "core/init/glorot_normal.h"
#include "core/init/glorot_uniform.h"
#include "core/init/he_normal.h"
#include "core/init/initializer.h"
#include "core/init/marginal_biases.h"
#include "core/init/orthogonal.h"
#include "core/init/sparse_weights.h"
#include "core/init/uniform_fan_in.h"
#include "core/init/uniform_weights.h"
#include "core/init/zero_biases.h"
#include "core/init/zero_weights.h"

namespace trainyard {

using WeightInitializerOptions =
    std::variant<GlorotUniformOptions, UniformFanInOptions, GlorotNormalOptions, HeNormalOptions, GaussianOptions,
                 UniformWeightsOptions, OrthogonalOptions, SparseWeightsOptions, ZeroWeightsOptions>;
using BiasInitializerOptions = std::variant<ZeroBiasesOptions, ConstantBiasesOptions>;

struct InitializationOptions {
  WeightInitializerOptions weights;
  BiasInitializerOptions biases;                       // of hidden units
  std::optional<MarginalBiasesOptions> output_biases;  // nullopt: 0
  std::optional<ZeroWeightsOptions> output_weights;    // nullopt: as `weights`

  friend bool operator==(const InitializationOptions&, const InitializationOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range; weights of 0 (reason SYMMETRY) where there are hidden layers.
absl::Status Validate(const InitializationOptions& options, bool has_hidden_layers);

std::unique_ptr<const Initializer> MakeInitializer(const WeightInitializerOptions& options);
std::unique_ptr<const Initializer> MakeInitializer(const BiasInitializerOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_MAKE_INITIALIZER_H_
