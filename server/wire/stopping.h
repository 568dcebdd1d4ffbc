// When a run stops, what it measures and when it saves.

#ifndef TRAINYARD_SERVER_WIRE_STOPPING_H_
#define TRAINYARD_SERVER_WIRE_STOPPING_H_

#include "absl/status/statusor.h"
#include "core/train/options.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Keep ToProto(Keep keep);

v1::Budget ToProto(const BudgetOptions& options);
v1::EvaluationPlan ToProto(const EvaluationOptions& options);
v1::EarlyStopping ToProto(const EarlyStoppingOptions& options);
v1::DivergencePolicy ToProto(const DivergenceOptions& options);
v1::CheckpointPlan ToProto(const CheckpointOptions& options);

// INVALID_ARGUMENT: an illegal Duration, an enum without a meaning, no kind; a FieldError relative to the message.
absl::StatusOr<BudgetOptions> FromProto(const v1::Budget& message);
absl::StatusOr<EvaluationOptions> FromProto(const v1::EvaluationPlan& message);
absl::StatusOr<EarlyStoppingOptions> FromProto(const v1::EarlyStopping& message);
absl::StatusOr<DivergenceOptions> FromProto(const v1::DivergencePolicy& message);
CheckpointOptions FromProto(const v1::CheckpointPlan& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_STOPPING_H_
