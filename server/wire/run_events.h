// What a run tells <-> the events of the log. Job, sequence, attempt and time are the log's to set.

#ifndef TRAINYARD_SERVER_WIRE_RUN_EVENTS_H_
#define TRAINYARD_SERVER_WIRE_RUN_EVENTS_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/run_events.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {

v1::Event ToProto(const RunEvent& event);

// Evaluations, early stops, divergences and warnings. INVALID_ARGUMENT: another kind, an enum without a meaning.
absl::StatusOr<RunEvent> FromProto(const v1::Event& event);

v1::Evaluation ToProto(const EvaluationReport& report);
v1::ConfusionMatrix ToProto(const ConfusionMatrix& matrix);

// One or more steps, consecutive. A column whose values are all the same bits is written as one value.
v1::MetricChunk ToProto(std::span<const StepMetrics> steps);

// DATA_LOSS: columns that do not fit each other.
absl::StatusOr<std::vector<StepMetrics>> FromProto(const v1::MetricChunk& chunk);

v1::StopReason ToProto(StopReason reason);
v1::ParametersHeld ToProto(ParametersHeld held);
v1::Part ToProto(Part part);
v1::Metric ToProto(Metric metric);

// INVALID_ARGUMENT: an enum without a meaning; a FieldError on `field`.
absl::StatusOr<Metric> FromProto(v1::Metric metric, std::string_view field);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_RUN_EVENTS_H_
