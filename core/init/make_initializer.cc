#include "core/init/make_initializer.h"

namespace trainyard {
namespace {

std::unique_ptr<const Initializer> Make(const GlorotUniformOptions&) { return std::make_unique<GlorotUniform>(); }
std::unique_ptr<const Initializer> Make(const UniformFanInOptions&) { return std::make_unique<UniformFanIn>(); }
std::unique_ptr<const Initializer> Make(const ZeroBiasesOptions&) { return std::make_unique<ZeroBiases>(); }

}  // namespace

std::unique_ptr<const Initializer> MakeInitializer(const WeightInitializerOptions& options) {
  return std::visit([](const auto& alternative) { return Make(alternative); }, options);
}

std::unique_ptr<const Initializer> MakeInitializer(const BiasInitializerOptions& options) {
  return std::visit([](const auto& alternative) { return Make(alternative); }, options);
}

}  // namespace trainyard
