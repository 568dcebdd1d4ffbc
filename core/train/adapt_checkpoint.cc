#include "core/train/adapt_checkpoint.h"

#include <utility>

#include "core/base/status.h"
#include "core/optim/make_sparse_optimizer.h"

namespace trainyard {
namespace {

constexpr std::string_view kVelocity = "velocity";

bool SameOptimizerState(const TrainingOptions& then, const TrainingOptions& now) {
  return then.optimizer.rule.index() == now.optimizer.rule.index() && then.regularization == now.regularization &&
         MayStepLazily(then.regularization, then.optimizer.clipping) ==
             MayStepLazily(now.regularization, now.optimizer.clipping);
}

// Whether its values mean the same under both.
bool SameMeaning(Metric metric, const TrainingOptions& then, const TrainingOptions& now) {
  if (metric == Metric::kLoss) return then.loss == now.loss;
  return metric != Metric::kTopKAccuracy || then.evaluation.top_k == now.evaluation.top_k;
}

bool SameStopping(const TrainingOptions& then, const TrainingOptions& now) {
  if (!then.early_stopping.has_value() || !now.early_stopping.has_value()) return false;
  const EarlyStoppingOptions& a = *then.early_stopping;
  const EarlyStoppingOptions& b = *now.early_stopping;
  return a.metric == b.metric && SameMeaning(*a.metric, then, now) && a.moving_average == b.moving_average &&
         a.keep == b.keep;
}

bool SameScheduleState(const TrainingOptions& then, const TrainingOptions& now) {
  const ScheduleOptions& a = then.optimizer.schedule;
  const ScheduleOptions& b = now.optimizer.schedule;
  if (a.kind.index() != b.kind.index() || a.warm_up.has_value() != b.warm_up.has_value()) return false;
  const auto* plateau = std::get_if<ReduceOnPlateauOptions>(&a.kind);
  return plateau == nullptr || (plateau->metric == std::get<ReduceOnPlateauOptions>(b.kind).metric &&
                                SameMeaning(plateau->metric, then, now));
}

bool SameTarget(const TrainingOptions& then, const TrainingOptions& now) {
  const std::optional<TargetMetric>& target = now.budget.target_metric;
  return then.budget.target_metric == target && (!target.has_value() || SameMeaning(target->metric, then, now));
}

void TakeVelocity(const Checkpoint& from, std::vector<NamedBytes>& state) {
  for (NamedBytes& array : state) {
    for (const NamedBytes& former : from.optimizer_state) {
      if (array.name == kVelocity && former.name == kVelocity) array.bytes = former.bytes;
    }
  }
}

// The place to go back to, without the target having been reached there.
absl::Status ForgetTarget(std::string& place) {
  ASSIGN_OR_RETURN(Checkpoint checkpoint, DecodeCheckpoint(place));
  checkpoint.target_reached = false;
  place = EncodeCheckpoint(checkpoint);
  return absl::OkStatus();
}

// As a run keeps it: without its best parameters, and without a place of its own.
std::string PlaceOf(const Checkpoint& checkpoint) {
  Checkpoint place = checkpoint;
  place.best.reset();
  place.last_finite.reset();
  place.learning_rate_factor = 1;
  place.roll_backs = 0;
  place.roll_back_to.clear();
  place.changes_made = 0;
  return EncodeCheckpoint(place);
}

}  // namespace

absl::StatusOr<Checkpoint> AdaptCheckpoint(Checkpoint checkpoint, const TrainingOptions& then,
                                           const TrainingOptions& now,
                                           const std::function<absl::StatusOr<Checkpoint>()>& make_fresh) {
  const bool same_optimizer = SameOptimizerState(then, now);
  const bool same_schedule = SameScheduleState(then, now);
  const bool same_stopping =
      SameStopping(then, now) || (!then.early_stopping.has_value() && !now.early_stopping.has_value());
  if (!same_optimizer || !same_schedule) {
    ASSIGN_OR_RETURN(Checkpoint fresh, make_fresh());
    if (!same_optimizer) {
      TakeVelocity(checkpoint, fresh.optimizer_state);
      checkpoint.optimizer_state = std::move(fresh.optimizer_state);
    }
    if (!same_schedule) checkpoint.schedule_state = std::move(fresh.schedule_state);
  }
  if (!same_stopping) {
    checkpoint.best.reset();
    checkpoint.stopping.reset();
    if (now.early_stopping.has_value()) checkpoint.stopping.emplace();
  }
  if (!SameTarget(then, now)) {
    checkpoint.target_reached = false;
    if (!checkpoint.roll_back_to.empty()) RETURN_IF_ERROR(ForgetTarget(checkpoint.roll_back_to));
  }
  const bool rolls_back = std::holds_alternative<RollBack>(now.divergence);
  const bool rolled_back = std::holds_alternative<RollBack>(then.divergence);
  if (!rolls_back || !rolled_back) {
    checkpoint.learning_rate_factor = 1;
    checkpoint.roll_backs = 0;
    checkpoint.roll_back_to.clear();
  }
  const bool same_place = rolled_back && same_optimizer && same_schedule && same_stopping;
  if (rolls_back && !same_place) checkpoint.roll_back_to = PlaceOf(checkpoint);
  return checkpoint;
}

}  // namespace trainyard
