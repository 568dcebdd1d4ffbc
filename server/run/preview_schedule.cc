#include "server/run/preview_schedule.h"

#include "core/base/status.h"
#include "core/optim/preview_schedule.h"
#include "core/train/budget.h"
#include "server/wire/optimizer.h"
#include "server/wire/shape.h"
#include "server/wire/stopping.h"

namespace trainyard {
namespace {

constexpr int32_t kDefaultPreviewPoints = 1'000;
constexpr int32_t kMaxPoints = 100'000;

struct PlannedRates {
  OptimizerOptions optimizer;
  RunLength length;
};

absl::StatusOr<PlannedRates> FromData(const v1::JobSpec& spec, const SpecLimits& limits, DatasetTable& datasets) {
  ASSIGN_OR_RETURN(const CheckedRun checked, CheckSpec(spec, limits, datasets));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(checked.options.data, datasets));
  ASSIGN_OR_RETURN(const RunPlan plan, PlanRun(checked.options, data, limits.memory_bytes));
  PlannedRates planned{.optimizer = plan.options.optimizer, .length = {.steps_per_epoch = plan.steps_per_epoch}};
  if (plan.total_steps > 0) planned.length.total_steps = plan.total_steps;
  return planned;
}

// Where no data set says how many examples a step sees.
absl::StatusOr<PlannedRates> FromStepsPerEpoch(const v1::JobSpec& spec, int64_t steps_per_epoch) {
  if (steps_per_epoch < 1) return FieldError("steps_per_epoch", steps_per_epoch, "at least 1");
  PlannedRates planned;
  ASSIGN_OR_RETURN(planned.optimizer, InField("optimizer", FromProto(spec.optimizer())));
  RETURN_IF_ERROR(InField("optimizer", Validate(planned.optimizer)));
  ASSIGN_OR_RETURN(const BudgetOptions budget, InField("budget", FromProto(spec.budget())));
  RETURN_IF_ERROR(InField("budget", Validate(budget)));
  if (budget.examples.has_value()) {
    return FieldError("budget.examples", *budget.examples, "left out where steps_per_epoch is given");
  }
  // An epoch is so many steps of one example each.
  const Epoch epoch{.minibatch_size = 1, .steps = steps_per_epoch, .examples = steps_per_epoch};
  const std::optional<StepLimit> limit = FirstLimit(WithDefault(budget), epoch);
  planned.length.steps_per_epoch = steps_per_epoch;
  if (limit.has_value()) planned.length.total_steps = limit->steps;
  return planned;
}

absl::StatusOr<PlannedRates> Plan(const v1::PreviewScheduleRequest& request, const SpecLimits& limits,
                                  DatasetTable& datasets) {
  if (request.has_steps_per_epoch()) return FromStepsPerEpoch(request.spec(), request.steps_per_epoch());
  return FromData(request.spec(), limits, datasets);
}

}  // namespace

absl::StatusOr<v1::PreviewScheduleResponse> PreviewSchedule(const v1::PreviewScheduleRequest& request,
                                                            const SpecLimits& limits, DatasetTable& datasets) {
  const int64_t max_points = request.has_max_points() ? request.max_points() : kDefaultPreviewPoints;
  if (max_points < 2 || max_points > kMaxPoints) {
    return FieldError("max_points", max_points, absl::StrCat("in 2..", kMaxPoints));
  }
  ASSIGN_OR_RETURN(const PlannedRates planned, Plan(request, limits, datasets));
  if (!planned.length.total_steps.has_value()) {
    return FieldError("budget.steps", "unset", "given for a preview where the budget is a running time alone");
  }
  const auto points = PreviewSchedule(planned.optimizer, planned.length, max_points);
  if (!points.ok()) return InField("optimizer", points.status());
  v1::PreviewScheduleResponse response;
  for (const RatePoint& point : *points) {
    response.add_steps(point.step);
    response.add_learning_rates(point.rates.learning_rate);
    response.add_momenta(point.rates.momentum);
  }
  response.set_total_steps(*planned.length.total_steps);
  return response;
}

}  // namespace trainyard
