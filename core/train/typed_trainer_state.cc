// The state of a run: where it begins, what a checkpoint holds of it, and how it goes back.

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/flush_denormals.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/train/initial_parameters.h"
#include "core/train/initial_state.h"
#include "core/train/typed_trainer.h"

namespace trainyard {
namespace {

template <typename T>
std::span<const T> AsSpanOf(std::string_view bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

absl::Status OfAnotherRun(std::string_view what) {
  return WithReason(absl::DataLossError(absl::StrCat("the checkpoint is of another run: ", std::string(what))),
                    "CHECKPOINT_DAMAGED");
}

}  // namespace

template <typename Real>
absl::Status TypedTrainer<Real>::Initialize() {
  RETURN_IF_ERROR(FillInitialParameters<Real>(parts_.plan, parts_.training, *parts_.loss, theta_));
  bool finite = OverflowGuard<Real>::IsFinite(theta_);
  for (const OptimizerArray& array : optimizer_->state()) {
    if (array.name != "velocity") continue;
    const std::span<Real> velocity = {reinterpret_cast<Real*>(array.bytes.data()), array.bytes.size() / sizeof(Real)};
    Place<Real>(parts_.plan.options.initial_state.velocity, parts_.plan.layout, velocity);
    finite = finite && OverflowGuard<Real>::IsFinite(velocity);
  }
  if (!finite) {
    return FieldError("precision", parts_.plan.options.precision == Precision::kF32 ? "PRECISION_F32" : "PRECISION_F64",
                      "one that holds the initial parameters and velocity: some are larger than its largest number");
  }
  MarkPlaceToGoBackTo();
  return absl::OkStatus();
}

template <typename Real>
void TypedTrainer<Real>::BeginGuard() {
  std::span<const Real> velocity;
  for (const OptimizerArray& array : optimizer_->state()) {
    if (array.name == "velocity") velocity = {reinterpret_cast<const Real*>(array.bytes.data()), theta_.size()};
  }
  guard_.Begin(theta_, velocity, parts_.plan.options.regularization.weight_decay);
}

template <typename Real>
std::span<const Real> TypedTrainer<Real>::HeldParameters() {
  if (!HoldsBest()) return theta_;
  if (held_.empty()) {
    held_.resize(theta_.size());
    parts_.plan.layout.template FromLogical<Real>(AsSpanOf<Real>(best_->parameters), held_);
  }
  return held_;
}

template <typename Real>
std::string TypedTrainer<Real>::LogicalBytes(std::span<const Real> flat) const {
  std::string bytes(parts_.plan.layout.parameter_count() * sizeof(Real), '\0');
  parts_.plan.layout.template ToLogical<Real>(
      flat, {reinterpret_cast<Real*>(bytes.data()), static_cast<size_t>(parts_.plan.layout.parameter_count())});
  return bytes;
}

template <typename Real>
void TypedTrainer<Real>::SetMade(const UpdatesMade& made) {
  step_ = made.step;
  clipped_steps_ = made.clipped_steps;
  clipped_step_ = made.clipped_step;
}

// What the run would go back to: all of its state but the best parameters, which it keeps, and the count of roll-backs.
template <typename Real>
Checkpoint TypedTrainer<Real>::PlaceOfRun() const {
  Checkpoint checkpoint;
  checkpoint.fingerprint = NumericFingerprint();
  checkpoint.precision = parts_.plan.options.precision;
  checkpoint.step = step_;
  AlignedVector<Real> theta = theta_;
  if (!theta_is_last_finite_) optimizer_->Materialize(theta);
  checkpoint.parameters = LogicalBytes(theta);
  checkpoint.parameters_digest = Sha256Of(checkpoint.parameters);
  for (const OptimizerArray& array : optimizer_->state()) {
    const std::string_view bytes(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
    checkpoint.optimizer_state.push_back(
        {.name = std::string(array.name),
         .bytes = array.per_parameter ? LogicalBytes(AsSpanOf<Real>(bytes)) : std::string(bytes)});
  }
  if (stopping_.has_value()) checkpoint.stopping = stopping_->state();
  checkpoint.target_reached = target_reached_;
  checkpoint.schedule_state = parts_.schedule->state();
  checkpoint.clipped_steps = clipped_steps_;
  checkpoint.clipped_step = clipped_step_;
  checkpoint.evaluated_step = evaluated_step_;
  return checkpoint;
}

template <typename Real>
void TypedTrainer<Real>::Materialize() {
  if (theta_is_last_finite_ || materialized_step_ == step_) return;
  optimizer_->Materialize(theta_);
  materialized_step_ = step_;
}

template <typename Real>
Checkpoint TypedTrainer<Real>::Snapshot() const {
  const FlushDenormals flush;
  Checkpoint checkpoint = PlaceOfRun();
  checkpoint.best = best_;
  if (const auto* const last = guard_.LastFinite(AsSpanOf<Real>(checkpoint.parameters))) {
    checkpoint.last_finite = LastFiniteParameters{.step = last->made.step,
                                                  .clipped_steps = last->made.clipped_steps,
                                                  .clipped_step = last->made.clipped_step,
                                                  .parameters = LogicalBytes(last->parameters)};
  }
  checkpoint.learning_rate_factor = learning_rate_factor_;
  checkpoint.roll_backs = roll_backs_;
  checkpoint.changes_made = changes_made_;
  if (roll_back_to_.has_value()) checkpoint.roll_back_to = EncodeCheckpoint(*roll_back_to_);
  return checkpoint;
}

template <typename Real>
void TypedTrainer<Real>::MarkPlaceToGoBackTo() {
  if (std::holds_alternative<RollBack>(parts_.plan.options.divergence)) roll_back_to_ = PlaceOfRun();
}

template <typename Real>
void TypedTrainer<Real>::GoBack() {
  // It fits: this run made it.
  RestorePlace(*roll_back_to_).IgnoreError();
  BeginGuard();
}

template <typename Real>
absl::Status TypedTrainer<Real>::FromLogicalBytes(std::string_view bytes, std::span<Real> flat) const {
  if (bytes.size() != parts_.plan.layout.parameter_count() * sizeof(Real)) {
    return WithReason(absl::DataLossError("the checkpoint is of a network with another number of parameters"),
                      "CHECKPOINT_DAMAGED");
  }
  parts_.plan.layout.template FromLogical<Real>(AsSpanOf<Real>(bytes), flat);
  return absl::OkStatus();
}

template <typename Real>
absl::Status TypedTrainer<Real>::RestorePlace(const Checkpoint& checkpoint) {
  if (checkpoint.precision != parts_.plan.options.precision) return OfAnotherRun("its precision differs");
  RETURN_IF_ERROR(FromLogicalBytes(checkpoint.parameters, theta_));
  const std::vector<OptimizerArray> state = optimizer_->state();
  if (state.size() != checkpoint.optimizer_state.size()) return OfAnotherRun("its optimiser differs");
  for (size_t i = 0; i < state.size(); ++i) {
    const NamedBytes& saved = checkpoint.optimizer_state[i];
    if (saved.name != state[i].name) return OfAnotherRun("its optimiser differs");
    if (state[i].per_parameter) {
      RETURN_IF_ERROR(FromLogicalBytes(saved.bytes, {reinterpret_cast<Real*>(state[i].bytes.data()), theta_.size()}));
    } else if (saved.bytes.size() != state[i].bytes.size()) {
      return OfAnotherRun("its optimiser differs");
    } else {
      std::memcpy(state[i].bytes.data(), saved.bytes.data(), saved.bytes.size());
    }
  }
  if (stopping_.has_value() != checkpoint.stopping.has_value()) return OfAnotherRun("its early stopping differs");
  if (stopping_.has_value()) stopping_->Restore(*checkpoint.stopping);
  RETURN_IF_ERROR(parts_.schedule->Restore(checkpoint.schedule_state));
  materialized_step_ = -1;
  SetMade(
      {.step = checkpoint.step, .clipped_steps = checkpoint.clipped_steps, .clipped_step = checkpoint.clipped_step});
  saved_step_ = checkpoint.step;
  evaluated_step_ = checkpoint.evaluated_step;
  target_reached_ = checkpoint.target_reached;
  return absl::OkStatus();
}

template <typename Real>
absl::Status TypedTrainer<Real>::Restore(const Checkpoint& checkpoint) {
  RETURN_IF_ERROR(RestorePlace(checkpoint));
  best_ = checkpoint.best;
  if (best_.has_value() && best_->parameters.size() != checkpoint.parameters.size()) {
    return OfAnotherRun("its best parameters differ");
  }
  if (checkpoint.last_finite.has_value()) {
    const LastFiniteParameters& last = *checkpoint.last_finite;
    typename OverflowGuard<Real>::Finite finite{
        .made = {.step = last.step, .clipped_steps = last.clipped_steps, .clipped_step = last.clipped_step},
        .parameters = std::vector<Real>(theta_.size())};
    RETURN_IF_ERROR(FromLogicalBytes(last.parameters, finite.parameters));
    guard_.SetLastFinite(std::move(finite));
  }
  learning_rate_factor_ = checkpoint.learning_rate_factor;
  roll_backs_ = checkpoint.roll_backs;
  changes_made_ = checkpoint.changes_made;
  if (std::holds_alternative<RollBack>(parts_.plan.options.divergence)) {
    ASSIGN_OR_RETURN(roll_back_to_, DecodeCheckpoint(checkpoint.roll_back_to));
  }
  if (target_reached_) StopSoon(StopReason::kTargetMetric);
  // Patience that ran out at an evaluation which came because the run ended did not end it.
  const bool planned = evaluated_step_ % steps_between_evaluations_ == 0;
  if (planned && stopping_.has_value() && stopping_->out_of_patience()) StopSoon(StopReason::kEarlyStop);
  return absl::OkStatus();
}

template class TypedTrainer<float>;
template class TypedTrainer<double>;

}  // namespace trainyard
