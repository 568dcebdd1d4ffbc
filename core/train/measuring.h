// What the evaluations of a run measure.

#ifndef TRAINYARD_CORE_TRAIN_MEASURING_H_
#define TRAINYARD_CORE_TRAIN_MEASURING_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/data/schema.h"
#include "core/loss/metric.h"
#include "core/train/options.h"

namespace trainyard {

// The metrics that are told and those that rules watch. `options` have their defaults filled in.
MetricPlan PlanMeasuring(const TrainingOptions& options, int64_t class_count);

// Fills in the defaults of EvaluationOptions, and of the metrics that rules watch, for this target and a loss that gives
// probabilities or not.
// INVALID_ARGUMENT: a metric that does not fit the target, a confusion matrix of numbers or of too many classes; a FieldError.
absl::Status CheckMeasuring(const Column& target, bool probabilistic, TrainingOptions& options);

// INVALID_ARGUMENT: a rule that watches a metric of a validation part that there is not; a FieldError.
absl::Status CheckWatchers(bool has_validation, const TrainingOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_MEASURING_H_
