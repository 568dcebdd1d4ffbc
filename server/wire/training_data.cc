#include "server/wire/training_data.h"

#include <string>
#include <variant>

#include "core/base/status.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

using PartSource = std::variant<std::monostate, double, std::string>;

PartSource ValidationFromProto(const v1::TrainingData& message) {
  switch (message.validation_case()) {
    case v1::TrainingData::kValidationFraction:
      return message.validation_fraction();
    case v1::TrainingData::kValidationDataset:
      return message.validation_dataset();
    case v1::TrainingData::VALIDATION_NOT_SET:
      break;
  }
  return std::monostate();
}

PartSource TestFromProto(const v1::TrainingData& message) {
  switch (message.test_case()) {
    case v1::TrainingData::kTestFraction:
      return message.test_fraction();
    case v1::TrainingData::kTestDataset:
      return message.test_dataset();
    case v1::TrainingData::TEST_NOT_SET:
      break;
  }
  return std::monostate();
}

void Write(const BalancedClasses&, v1::ClassWeights* message) { message->mutable_balanced(); }
void Write(const GivenClassWeights& given, v1::ClassWeights* message) {
  message->mutable_given()->mutable_weights()->insert(given.weights.begin(), given.weights.end());
}

v1::ClassWeights WeightsToProto(const ClassWeightOptions& options) {
  v1::ClassWeights message;
  std::visit([&](const auto& alternative) { Write(alternative, &message); }, options);
  return message;
}

absl::StatusOr<ClassWeightOptions> WeightsFromProto(const v1::ClassWeights& message) {
  switch (message.kind_case()) {
    case v1::ClassWeights::kBalanced:
      return BalancedClasses();
    case v1::ClassWeights::kGiven:
      return GivenClassWeights{{message.given().weights().begin(), message.given().weights().end()}};
    case v1::ClassWeights::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace

v1::Scaling ToProto(Scaling scaling) {
  switch (scaling) {
    case Scaling::kStandardize:
      return v1::SCALING_STANDARDIZE;
    case Scaling::kMinMax:
      return v1::SCALING_MIN_MAX;
    case Scaling::kNone:
      return v1::SCALING_NONE;
  }
  return v1::SCALING_UNSPECIFIED;
}

v1::Missing ToProto(Missing missing) {
  switch (missing) {
    case Missing::kMean:
      return v1::MISSING_MEAN;
    case Missing::kMostFrequent:
      return v1::MISSING_MOST_FREQUENT;
    case Missing::kOwnCategory:
      return v1::MISSING_OWN_CATEGORY;
    case Missing::kRefuse:
      return v1::MISSING_REFUSE;
  }
  return v1::MISSING_UNSPECIFIED;
}

v1::Unseen ToProto(Unseen unseen) {
  switch (unseen) {
    case Unseen::kAllZero:
      return v1::UNSEEN_ALL_ZERO;
    case Unseen::kRefuse:
      return v1::UNSEEN_REFUSE;
  }
  return v1::UNSEEN_UNSPECIFIED;
}

v1::EncodingOptions ToProto(const EncodingOptions& options) {
  v1::EncodingOptions message;
  message.set_scaling(ToProto(options.scaling));
  message.set_missing_numeric(ToProto(options.missing_numeric));
  message.set_missing_categorical(ToProto(options.missing_categorical));
  message.set_unseen(ToProto(options.unseen));
  return message;
}

absl::StatusOr<EncodingOptions> FromProto(const v1::EncodingOptions& message) {
  EncodingOptions options;
  RETURN_IF_ERROR(ReadEnum(message.scaling(), "scaling", options.scaling));
  RETURN_IF_ERROR(ReadEnum(message.missing_numeric(), "missing_numeric", options.missing_numeric));
  RETURN_IF_ERROR(ReadEnum(message.missing_categorical(), "missing_categorical", options.missing_categorical));
  RETURN_IF_ERROR(ReadEnum(message.unseen(), "unseen", options.unseen));
  return options;
}

v1::TrainingData ToProto(const TrainingDataOptions& options) {
  v1::TrainingData message;
  message.set_dataset(options.dataset);
  if (options.target) message.set_target(*options.target);
  if (const double* fraction = std::get_if<double>(&options.validation)) message.set_validation_fraction(*fraction);
  if (const std::string* name = std::get_if<std::string>(&options.validation)) message.set_validation_dataset(*name);
  if (const double* fraction = std::get_if<double>(&options.test)) message.set_test_fraction(*fraction);
  if (const std::string* name = std::get_if<std::string>(&options.test)) message.set_test_dataset(*name);
  if (options.stratified) message.set_stratified(*options.stratified);
  *message.mutable_encoding() = ToProto(options.encoding);
  if (options.class_weights) *message.mutable_class_weights() = WeightsToProto(*options.class_weights);
  return message;
}

absl::StatusOr<TrainingDataOptions> FromProto(const v1::TrainingData& message) {
  TrainingDataOptions options;
  options.dataset = message.dataset();
  if (message.has_target()) options.target = message.target();
  options.validation = ValidationFromProto(message);
  options.test = TestFromProto(message);
  if (message.has_stratified()) options.stratified = message.stratified();
  ASSIGN_OR_RETURN(options.encoding, InField("encoding", FromProto(message.encoding())));
  if (message.has_class_weights()) {
    ASSIGN_OR_RETURN(options.class_weights, InField("class_weights", WeightsFromProto(message.class_weights())));
  }
  return options;
}

}  // namespace trainyard
