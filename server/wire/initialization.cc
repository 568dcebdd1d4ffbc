#include "server/wire/initialization.h"

#include <variant>

#include "core/base/status.h"

namespace trainyard {
namespace {

void Write(const GlorotUniformOptions& options, v1::Initialization* message) {
  message->mutable_glorot_uniform()->set_gain(options.gain);
}
void Write(const UniformFanInOptions& options, v1::Initialization* message) {
  message->mutable_uniform_fan_in()->set_scale(options.scale);
}
void Write(const GlorotNormalOptions& options, v1::Initialization* message) {
  message->mutable_glorot_normal()->set_gain(options.gain);
}
void Write(const HeNormalOptions& options, v1::Initialization* message) {
  message->mutable_he_normal()->set_gain(options.gain);
}
void Write(const GaussianOptions& options, v1::Initialization* message) {
  message->mutable_gaussian()->set_deviation(options.deviation);
}
void Write(const UniformWeightsOptions& options, v1::Initialization* message) {
  message->mutable_uniform()->set_bound(options.bound);
}
void Write(const OrthogonalOptions& options, v1::Initialization* message) {
  message->mutable_orthogonal()->set_gain(options.gain);
}
void Write(const SparseWeightsOptions& options, v1::Initialization* message) {
  message->mutable_sparse()->set_nonzeros(static_cast<int32_t>(options.nonzeros));
  message->mutable_sparse()->set_deviation(options.deviation);
}
void Write(const ZeroWeightsOptions&, v1::Initialization* message) { message->mutable_zero_weights(); }
void Write(const ZeroBiasesOptions&, v1::Initialization* message) { message->mutable_zero_biases(); }
void Write(const ConstantBiasesOptions& options, v1::Initialization* message) {
  message->mutable_constant_biases()->set_value(options.value);
}

GlorotUniformOptions Read(const v1::GlorotUniform& message) {
  GlorotUniformOptions options;
  if (message.has_gain()) options.gain = message.gain();
  return options;
}
UniformFanInOptions Read(const v1::UniformFanIn& message) {
  UniformFanInOptions options;
  if (message.has_scale()) options.scale = message.scale();
  return options;
}
GlorotNormalOptions Read(const v1::GlorotNormal& message) {
  GlorotNormalOptions options;
  if (message.has_gain()) options.gain = message.gain();
  return options;
}
HeNormalOptions Read(const v1::HeNormal& message) {
  HeNormalOptions options;
  if (message.has_gain()) options.gain = message.gain();
  return options;
}
GaussianOptions Read(const v1::Gaussian& message) {
  GaussianOptions options;
  if (message.has_deviation()) options.deviation = message.deviation();
  return options;
}
UniformWeightsOptions Read(const v1::UniformWeights& message) {
  UniformWeightsOptions options;
  if (message.has_bound()) options.bound = message.bound();
  return options;
}
OrthogonalOptions Read(const v1::Orthogonal& message) {
  OrthogonalOptions options;
  if (message.has_gain()) options.gain = message.gain();
  return options;
}
SparseWeightsOptions Read(const v1::SparseWeights& message) {
  SparseWeightsOptions options;
  if (message.has_nonzeros()) options.nonzeros = message.nonzeros();
  if (message.has_deviation()) options.deviation = message.deviation();
  return options;
}
ConstantBiasesOptions Read(const v1::ConstantBiases& message) {
  ConstantBiasesOptions options;
  if (message.has_value()) options.value = message.value();
  return options;
}

// Leave `options` as it is where the message has none.
void ReadWeights(const v1::Initialization& message, WeightInitializerOptions& options) {
  switch (message.weights_case()) {
    case v1::Initialization::kUniformFanIn:
      options = Read(message.uniform_fan_in());
      return;
    case v1::Initialization::kGlorotUniform:
      options = Read(message.glorot_uniform());
      return;
    case v1::Initialization::kGlorotNormal:
      options = Read(message.glorot_normal());
      return;
    case v1::Initialization::kHeNormal:
      options = Read(message.he_normal());
      return;
    case v1::Initialization::kGaussian:
      options = Read(message.gaussian());
      return;
    case v1::Initialization::kUniform:
      options = Read(message.uniform());
      return;
    case v1::Initialization::kOrthogonal:
      options = Read(message.orthogonal());
      return;
    case v1::Initialization::kSparse:
      options = Read(message.sparse());
      return;
    case v1::Initialization::kZeroWeights:
      options = ZeroWeightsOptions();
      return;
    case v1::Initialization::WEIGHTS_NOT_SET:
      return;
  }
}

void ReadBiases(const v1::Initialization& message, BiasInitializerOptions& options) {
  switch (message.biases_case()) {
    case v1::Initialization::kZeroBiases:
      options = ZeroBiasesOptions();
      return;
    case v1::Initialization::kConstantBiases:
      options = Read(message.constant_biases());
      return;
    case v1::Initialization::BIASES_NOT_SET:
      return;
  }
}

v1::Tensor ToProto(const NamedTensor& tensor) {
  v1::Tensor message;
  message.set_name(tensor.name);
  message.mutable_shape()->Assign(tensor.shape.begin(), tensor.shape.end());
  message.mutable_values()->Assign(tensor.values.begin(), tensor.values.end());
  return message;
}

NamedTensor FromProto(const v1::Tensor& message) {
  return {.name = message.name(),
          .shape = {message.shape().begin(), message.shape().end()},
          .values = {message.values().begin(), message.values().end()}};
}

}  // namespace

v1::Initialization ToProto(const InitializationOptions& options) {
  v1::Initialization message;
  std::visit([&](const auto& weights) { Write(weights, &message); }, options.weights);
  std::visit([&](const auto& biases) { Write(biases, &message); }, options.biases);
  if (options.output_biases.has_value()) message.mutable_marginal_output_biases();
  if (options.output_weights.has_value()) message.mutable_zero_output_weights();
  return message;
}

InitializationOptions FromProto(const v1::Initialization& message) {
  InitializationOptions options;
  ReadWeights(message, options.weights);
  ReadBiases(message, options.biases);
  if (message.has_marginal_output_biases()) options.output_biases.emplace();
  if (message.has_zero_output_weights()) options.output_weights.emplace();
  return options;
}

v1::InitialState ToProto(const InitialStateOptions& options) {
  v1::InitialState message;
  for (const NamedTensor& tensor : options.parameters) *message.add_parameters() = ToProto(tensor);
  for (const NamedTensor& tensor : options.velocity) *message.add_velocity() = ToProto(tensor);
  message.set_parameters_digest(options.parameters_digest);
  return message;
}

InitialStateOptions FromProto(const v1::InitialState& message) {
  InitialStateOptions options;
  for (const v1::Tensor& tensor : message.parameters()) options.parameters.push_back(FromProto(tensor));
  for (const v1::Tensor& tensor : message.velocity()) options.velocity.push_back(FromProto(tensor));
  options.parameters_digest = message.parameters_digest();
  return options;
}

v1::WarmStart ToProto(const WarmStartOptions& options) {
  v1::WarmStart message;
  if (const auto* model = std::get_if<std::string>(&options.source)) {
    message.set_model(*model);
  } else {
    const CheckpointSource& source = std::get<CheckpointSource>(options.source);
    message.mutable_checkpoint()->set_job(source.job);
    if (source.step.has_value()) message.mutable_checkpoint()->set_step(*source.step);
  }
  message.set_parameters_digest(options.parameters_digest);
  return message;
}

absl::StatusOr<WarmStartOptions> FromProto(const v1::WarmStart& message) {
  WarmStartOptions options{.source = {}, .parameters_digest = message.parameters_digest()};
  switch (message.source_case()) {
    case v1::WarmStart::kModel:
      options.source = message.model();
      return options;
    case v1::WarmStart::kCheckpoint: {
      CheckpointSource source{.job = message.checkpoint().job(), .step = std::nullopt};
      if (message.checkpoint().has_step()) source.step = message.checkpoint().step();
      options.source = std::move(source);
      return options;
    }
    case v1::WarmStart::SOURCE_NOT_SET:
      break;
  }
  return FieldError("source", "unset", "model or checkpoint");
}

}  // namespace trainyard
