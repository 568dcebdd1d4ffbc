#include "core/init/make_initializer.h"

#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status Check(const GlorotUniformOptions& options) { return InField("glorot_uniform", Validate(options)); }
absl::Status Check(const UniformFanInOptions& options) { return InField("uniform_fan_in", Validate(options)); }
absl::Status Check(const GlorotNormalOptions& options) { return InField("glorot_normal", Validate(options)); }
absl::Status Check(const HeNormalOptions& options) { return InField("he_normal", Validate(options)); }
absl::Status Check(const GaussianOptions& options) { return InField("gaussian", Validate(options)); }
absl::Status Check(const UniformWeightsOptions& options) { return InField("uniform", Validate(options)); }
absl::Status Check(const OrthogonalOptions& options) { return InField("orthogonal", Validate(options)); }
absl::Status Check(const SparseWeightsOptions& options) { return InField("sparse", Validate(options)); }
absl::Status Check(const ZeroWeightsOptions&) { return absl::OkStatus(); }
absl::Status Check(const ZeroBiasesOptions&) { return absl::OkStatus(); }
absl::Status Check(const ConstantBiasesOptions& options) { return InField("constant_biases", Validate(options)); }

std::unique_ptr<const Initializer> Make(const GlorotUniformOptions& options) {
  return std::make_unique<GlorotUniform>(options);
}
std::unique_ptr<const Initializer> Make(const UniformFanInOptions& options) {
  return std::make_unique<UniformFanIn>(options);
}
std::unique_ptr<const Initializer> Make(const GlorotNormalOptions& options) {
  return std::make_unique<GlorotNormal>(options);
}
std::unique_ptr<const Initializer> Make(const HeNormalOptions& options) { return std::make_unique<HeNormal>(options); }
std::unique_ptr<const Initializer> Make(const GaussianOptions& options) { return std::make_unique<Gaussian>(options); }
std::unique_ptr<const Initializer> Make(const UniformWeightsOptions& options) {
  return std::make_unique<UniformWeights>(options);
}
std::unique_ptr<const Initializer> Make(const OrthogonalOptions& options) {
  return std::make_unique<Orthogonal>(options);
}
std::unique_ptr<const Initializer> Make(const SparseWeightsOptions& options) {
  return std::make_unique<SparseWeights>(options);
}
std::unique_ptr<const Initializer> Make(const ZeroWeightsOptions&) { return std::make_unique<ZeroWeights>(); }
std::unique_ptr<const Initializer> Make(const ZeroBiasesOptions&) { return std::make_unique<ZeroBiases>(); }
std::unique_ptr<const Initializer> Make(const ConstantBiasesOptions& options) {
  return std::make_unique<ConstantBiases>(options);
}

}  // namespace

absl::Status Validate(const InitializationOptions& options, bool has_hidden_layers) {
  RETURN_IF_ERROR(std::visit([](const auto& weights) { return Check(weights); }, options.weights));
  RETURN_IF_ERROR(std::visit([](const auto& biases) { return Check(biases); }, options.biases));
  if (!has_hidden_layers || !std::holds_alternative<ZeroWeightsOptions>(options.weights)) return absl::OkStatus();
  return WithReason(FieldError("zero_weights", "set",
                               "left out where there are hidden layers: units that start equal stay equal for ever, by "
                               "symmetry; zero_output_weights sets the output layer alone"),
                    "SYMMETRY");
}

std::unique_ptr<const Initializer> MakeInitializer(const WeightInitializerOptions& options) {
  return std::visit([](const auto& alternative) { return Make(alternative); }, options);
}

std::unique_ptr<const Initializer> MakeInitializer(const BiasInitializerOptions& options) {
  return std::visit([](const auto& alternative) { return Make(alternative); }, options);
}

}  // namespace trainyard
