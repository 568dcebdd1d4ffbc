#include "server/wire/initialization.h"

#include <variant>

namespace trainyard {
namespace {

void Write(const GlorotUniformOptions&, v1::Initialization* message) { message->mutable_glorot_uniform(); }
void Write(const UniformFanInOptions&, v1::Initialization* message) { message->mutable_uniform_fan_in(); }
void Write(const ZeroBiasesOptions&, v1::Initialization* message) { message->mutable_zero_biases(); }

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
  return message;
}

InitializationOptions FromProto(const v1::Initialization& message) {
  InitializationOptions options;
  switch (message.weights_case()) {
    case v1::Initialization::kUniformFanIn:
      options.weights = UniformFanInOptions();
      break;
    case v1::Initialization::kGlorotUniform:
      options.weights = GlorotUniformOptions();
      break;
    default:  // next:
    case v1::Initialization::WEIGHTS_NOT_SET:
      break;
  }
  switch (message.biases_case()) {
    case v1::Initialization::kZeroBiases:
      options.biases = ZeroBiasesOptions();
      break;
    default:  // next:
    case v1::Initialization::BIASES_NOT_SET:
      break;
  }
  return options;
}

v1::InitialState ToProto(const InitialStateOptions& options) {
  v1::InitialState message;
  for (const NamedTensor& tensor : options.parameters) *message.add_parameters() = ToProto(tensor);
  for (const NamedTensor& tensor : options.velocity) *message.add_velocity() = ToProto(tensor);
  return message;
}

InitialStateOptions FromProto(const v1::InitialState& message) {
  InitialStateOptions options;
  for (const v1::Tensor& tensor : message.parameters()) options.parameters.push_back(FromProto(tensor));
  for (const v1::Tensor& tensor : message.velocity()) options.velocity.push_back(FromProto(tensor));
  return options;
}

}  // namespace trainyard
