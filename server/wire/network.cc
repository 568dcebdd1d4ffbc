#include "server/wire/network.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const Identity&, v1::Activation* message) { message->mutable_identity(); }
void Write(const Relu&, v1::Activation* message) { message->mutable_relu(); }
void Write(const Tanh&, v1::Activation* message) { message->mutable_tanh(); }
void Write(const LeakyRelu& leaky, v1::Activation* message) { message->mutable_leaky_relu()->set_slope(leaky.slope); }
void Write(const Sigmoid&, v1::Activation* message) { message->mutable_sigmoid(); }
void Write(const Softplus&, v1::Activation* message) { message->mutable_softplus(); }

LeakyRelu FromProto(const v1::LeakyRelu& message) {
  LeakyRelu leaky;
  if (message.has_slope()) leaky.slope = message.slope();
  return leaky;
}

absl::StatusOr<ActivationOptions> FromProto(const v1::Activation& message) {
  switch (message.kind_case()) {
    case v1::Activation::kIdentity:
      return Identity();
    case v1::Activation::kRelu:
      return Relu();
    case v1::Activation::kTanh:
      return Tanh();
    case v1::Activation::kLeakyRelu:
      return FromProto(message.leaky_relu());
    case v1::Activation::kSigmoid:
      return Sigmoid();
    case v1::Activation::kSoftplus:
      return Softplus();
    case v1::Activation::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

void Write(const DenseOptions& options, v1::Layer* message) {
  v1::Dense* dense = message->mutable_dense();
  dense->set_units(static_cast<int32_t>(options.units));
  std::visit([&](const auto& activation) { Write(activation, dense->mutable_activation()); }, options.activation);
}

absl::StatusOr<DenseOptions> FromProto(const v1::Dense& message) {
  DenseOptions options;
  options.units = message.units();
  if (message.has_activation()) {
    ASSIGN_OR_RETURN(options.activation, InField("activation", FromProto(message.activation())));
  }
  return options;
}

void Write(const MaxoutOptions& options, v1::Layer* message) {
  v1::Maxout* maxout = message->mutable_maxout();
  maxout->set_units(static_cast<int32_t>(options.units));
  maxout->set_pieces(static_cast<int32_t>(options.pieces));
}

MaxoutOptions FromProto(const v1::Maxout& message) {
  MaxoutOptions options;
  options.units = message.units();
  if (message.has_pieces()) options.pieces = message.pieces();
  return options;
}

absl::StatusOr<LayerOptions> FromProto(const v1::Layer& message) {
  switch (message.kind_case()) {
    case v1::Layer::kDense:
      return InField("dense", FromProto(message.dense()));
    case v1::Layer::kMaxout:
      return FromProto(message.maxout());
    case v1::Layer::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace

v1::Network ToProto(const NetworkOptions& options) {
  v1::Network message;
  for (const LayerOptions& hidden : options.hidden) {
    std::visit([&](const auto& layer) { Write(layer, message.add_hidden()); }, hidden);
  }
  return message;
}

absl::StatusOr<NetworkOptions> FromProto(const v1::Network& message) {
  NetworkOptions options;
  for (int i = 0; i < message.hidden_size(); ++i) {
    ASSIGN_OR_RETURN(LayerOptions layer, InField(absl::StrCat("hidden[", i, "]"), FromProto(message.hidden(i))));
    options.hidden.push_back(std::move(layer));
  }
  return options;
}

}  // namespace trainyard
