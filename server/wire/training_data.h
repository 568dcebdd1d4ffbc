// Which rows train, validate and test, and how columns become numbers.

#ifndef TRAINYARD_SERVER_WIRE_TRAINING_DATA_H_
#define TRAINYARD_SERVER_WIRE_TRAINING_DATA_H_

#include "absl/status/statusor.h"
#include "core/data/encoding.h"
#include "core/train/options.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::TrainingData ToProto(const TrainingDataOptions& options);
v1::EncodingOptions ToProto(const EncodingOptions& options);
v1::Scaling ToProto(Scaling scaling);
v1::Missing ToProto(Missing missing);
v1::Unseen ToProto(Unseen unseen);

// INVALID_ARGUMENT: an enum without a meaning; a FieldError relative to the message.
absl::StatusOr<TrainingDataOptions> FromProto(const v1::TrainingData& message);
absl::StatusOr<EncodingOptions> FromProto(const v1::EncodingOptions& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_TRAINING_DATA_H_
