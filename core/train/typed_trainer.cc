#include "core/train/typed_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/train/measuring.h"
#include "core/train/optimizer_of.h"

namespace trainyard {
namespace {

constexpr size_t kMaxNamedRows = 32;

const Dataset& DatasetOf(Part part, const TrainingData& data) {
  if (part == Part::kValidation && data.validation != nullptr) return *data.validation;
  if (part == Part::kTest && data.test != nullptr) return *data.test;
  return *data.training;
}

int64_t StepsBetweenEvaluations(const RunPlan& plan) {
  const auto* epochs = std::get_if<EveryEpochs>(&plan.options.evaluation.every);
  if (epochs == nullptr) return std::get<EverySteps>(plan.options.evaluation.every).count;
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  return epochs->count > kNever / plan.steps_per_epoch ? kNever : epochs->count * plan.steps_per_epoch;
}

}  // namespace

template <typename Real>
absl::StatusOr<std::unique_ptr<Trainer>> TypedTrainer<Real>::Make(RunPlan plan, const TrainingData& data,
                                                                  const Checkpoint* checkpoint, Crew* crew) {
  const FlushDenormals flush;
  const auto bind = [&](Part part) {
    return RowEncoder::Bind(plan.encoding, DatasetOf(part, data), RowEncoder::Needs::kFeaturesAndTarget);
  };
  ASSIGN_OR_RETURN(RowEncoder training, bind(Part::kTraining));
  ASSIGN_OR_RETURN(RowEncoder validation, bind(Part::kValidation));
  ASSIGN_OR_RETURN(RowEncoder test, bind(Part::kTest));
  ASSIGN_OR_RETURN(auto loss, MakeLoss<Real>(*plan.options.loss, TargetShape{plan.encoding.target.classes}));
  const RunLength length{.steps_per_epoch = plan.steps_per_epoch,
                         .total_steps = plan.total_steps > 0 ? std::optional(plan.total_steps) : std::nullopt};
  ASSIGN_OR_RETURN(auto schedule,
                   MakeSchedule(plan.options.optimizer.schedule, plan.options.optimizer.learning_rate, length));
  auto momentum = MakeMomentumSchedule(plan.options.optimizer.rule, length);
  auto trainer = std::make_unique<TypedTrainer<Real>>(Parts{.plan = std::move(plan),
                                                            .data = data,
                                                            .loss = std::move(loss),
                                                            .schedule = std::move(schedule),
                                                            .momentum = std::move(momentum),
                                                            .training = std::move(training),
                                                            .validation = std::move(validation),
                                                            .test = std::move(test),
                                                            .crew = crew});
  if (checkpoint == nullptr) {
    RETURN_IF_ERROR(trainer->Initialize());
  } else {
    RETURN_IF_ERROR(trainer->Restore(*checkpoint));
  }
  trainer->BeginGuard();
  return std::unique_ptr<Trainer>(std::move(trainer));
}

template <typename Real>
TypedTrainer<Real>::TypedTrainer(Parts parts)
    : parts_(std::move(parts)),
      limit_(parts_.plan.total_steps > 0 ? FirstLimit(parts_.plan.options.budget,
                                                      EpochOf(parts_.plan.options.minibatches,
                                                              static_cast<int64_t>(parts_.plan.training_rows.size())))
                                         : std::nullopt),
      steps_between_evaluations_(StepsBetweenEvaluations(parts_.plan)),
      minibatches_(parts_.plan.options.minibatches, parts_.plan.training_rows,
                   parts_.plan.options.minibatches.seed.value_or(parts_.plan.options.seed)),
      objective_(parts_.plan.layout, *parts_.loss, parts_.training, parts_.plan.encoding.target.type,
                 parts_.plan.options.regularization, parts_.plan.options.optimizer.clipping, parts_.crew),
      evaluator_(parts_.plan.layout, *parts_.loss, static_cast<int64_t>(parts_.plan.encoding.target.classes.size())),
      theta_(parts_.plan.layout.flat_size()),
      optimizer_(MakeOptimizerOf<Real>(parts_.plan)) {
  if (minibatches_.size() == 1) objective_.PackRows();
  if (parts_.plan.options.early_stopping.has_value()) stopping_.emplace(*parts_.plan.options.early_stopping);
}

template <typename Real>
Trainer::Next TypedTrainer<Real>::Advance(RunSink& sink) {
  const FlushDenormals flush;
  if (minibatch_begun_ || BeforeUpdate()) {
    NoteLimit();
    if (!stop_.has_value()) TrainUnit(sink);
  } else {
    UnitBesideTraining(sink);
  }
  return end_.has_value() ? Next::kEnded : Next::kMore;
}

template <typename Real>
void TypedTrainer<Real>::UnitBesideTraining(RunSink& sink) {
  Materialize();
  if (measurement_.has_value()) {
    MeasureUnit(sink);
  } else if (EvaluationIsDue()) {
    BeginMeasurement(Part::kValidation);
  } else if (CheckpointIsDue()) {
    saved_step_ = step_;
    sink.Save(Snapshot());
  } else if (*stop_ == StopReason::kEarlyStop && !gradient_norm_told_) {
    GradientNormUnit(sink);
  } else if (*stop_ != StopReason::kDivergence && !parts_.plan.test_rows.empty() && !test_measured_) {
    test_measured_ = true;
    BeginMeasurement(Part::kTest);
  } else {
    Finish();
  }
}

template <typename Real>
bool TypedTrainer<Real>::BeforeUpdate() const {
  return !measurement_.has_value() && !stop_.has_value() && !minibatch_begun_ && !EvaluationIsDue() &&
         !CheckpointIsDue();
}

template <typename Real>
void TypedTrainer<Real>::StopSoon(StopReason reason) {
  if (stop_.has_value()) return;
  stop_ = reason;
  minibatch_begun_ = false;
}

template <typename Real>
bool TypedTrainer<Real>::EvaluationIsDue() const {
  if (parts_.plan.validation_rows.empty() || step_ == 0 || evaluated_step_ == step_ || minibatch_begun_) return false;
  if (stop_.has_value()) return *stop_ != StopReason::kDivergence;
  return step_ % steps_between_evaluations_ == 0;
}

template <typename Real>
bool TypedTrainer<Real>::CheckpointIsDue() const {
  const std::optional<int64_t> every = parts_.plan.options.checkpoints.every_steps;
  return every.has_value() && step_ > 0 && step_ % *every == 0 && saved_step_ != step_ && !minibatch_begun_;
}

template <typename Real>
void TypedTrainer<Real>::BeginMinibatch() {
  const std::span<const uint32_t> rows = minibatches_.At(step_);
  if (minibatches_.windowed()) ReadWindowsAhead();
  objective_.SetMinibatch(rows, minibatches_.Following(RowEncoder::kFetchedAhead));
  minibatch_begun_ = true;
}

// Two, so that the thread that reads is never without one.
template <typename Real>
void TypedTrainer<Real>::ReadWindowsAhead() {
  for (const int64_t ahead : {1, 2}) {
    const std::span<const uint32_t> window = minibatches_.NextWindow(ahead);
    if (window.empty()) continue;
    if (!read_ahead_.has_value()) read_ahead_.emplace(parts_.data.training);
    read_ahead_->Ask(window.front(), int64_t{window.back()} + 1);
  }
}

template <typename Real>
void TypedTrainer<Real>::TrainUnit(RunSink& sink) {
  if (!minibatch_begun_) BeginMinibatch();
  const StepRates rates{.learning_rate = parts_.schedule->At(step_) * learning_rate_factor_,
                        .momentum = parts_.momentum->At(step_)};
  GuardedObjective<Real> objective(objective_, guard_, *optimizer_, theta_, Made(), rates);
  const absl::Status status = optimizer_->Step(rates, objective, theta_);
  if (status.code() == absl::StatusCode::kUnavailable) return;
  minibatch_begun_ = false;
  if (!status.ok()) return Diverged(sink);
  StepMetrics metrics{.step = step_,
                      .loss = objective_.loss(),
                      .gradient_norm = objective_.gradient_norm(),
                      .learning_rate = rates.learning_rate,
                      .momentum = rates.momentum};
  if (parts_.plan.options.regularization.has_penalty()) metrics.penalty = objective_.penalty();
  if (objective_.clipper().active()) metrics.clipped_gradient_norm = objective_.clipper().clipped_norm();
  sink.Step(metrics);
  if (objective_.clipper().active()) NoteClipping(sink);
  ++step_;
}

template <typename Real>
void TypedTrainer<Real>::NoteClipping(RunSink& sink) {
  const Clipper& clipper = objective_.clipper();
  if (!clipper.clipped()) return;
  if (clipped_step_ < 0 || step_ - clipped_step_ > kUnclippedStepsBetweenStretches) {
    sink.Tell(ClippingReport{
        .step = step_, .gradient_norm = objective_.gradient_norm(), .clipped_gradient_norm = clipper.clipped_norm()});
  }
  clipped_step_ = step_;
  ++clipped_steps_;
}

template <typename Real>
void TypedTrainer<Real>::Diverged(RunSink& sink) {
  DivergenceReport report{.step = step_,
                          .loss = objective_.loss(),
                          .gradient_norm = objective_.gradient_norm(),
                          .tensor = objective_.NotFiniteTensor(),
                          .rows = {},
                          .rolled_back = std::nullopt};
  for (const uint32_t row : minibatches_.At(step_)) {
    if (report.rows.size() == kMaxNamedRows) break;
    report.rows.push_back(row);
  }
  const auto* policy = std::get_if<RollBack>(&parts_.plan.options.divergence);
  if (policy != nullptr && roll_backs_ < policy->max_times) {
    ++roll_backs_;
    learning_rate_factor_ *= policy->factor;
    report.rolled_back = {.to_step = roll_back_to_->step,
                          .learning_rate_factor = learning_rate_factor_,
                          .left = policy->max_times - roll_backs_};
    sink.Tell(report);
    GoBack();
    return sink.BeginAttempt(Snapshot());
  }
  sink.Tell(report);
  diverged_step_ = step_;
  // A finite gradient can still have moved the parameters beyond all numbers: then it is an update before that broke them.
  Materialize();
  theta_is_last_finite_ = true;
  if (const auto* const last = guard_.LastFinite(theta_)) {
    SetMade(last->made);
    std::copy(last->parameters.begin(), last->parameters.end(), theta_.begin());
  }
  StopSoon(StopReason::kDivergence);
}

template <typename Real>
void TypedTrainer<Real>::BeginMeasurement(Part part) {
  const RunPlan& plan = parts_.plan;
  const std::vector<uint32_t>& rows = part == Part::kTest ? plan.test_rows : plan.validation_rows;
  const int64_t class_count = static_cast<int64_t>(plan.encoding.target.classes.size());
  measurement_.emplace(Measurement{
      .part = part, .sums = MetricSums(PlanMeasuring(plan.options, class_count), static_cast<int64_t>(rows.size()))});
}

template <typename Real>
void TypedTrainer<Real>::MeasureUnit(RunSink& sink) {
  const bool test = measurement_->part == Part::kTest;
  const std::vector<uint32_t>& rows = test ? parts_.plan.test_rows : parts_.plan.validation_rows;
  const size_t begin = measurement_->rows_done;
  const size_t count = std::min<size_t>(kBlockRows, rows.size() - begin);
  evaluator_.Measure(test ? HeldParameters() : std::span<const Real>(theta_), test ? parts_.test : parts_.validation,
                     std::span(rows).subspan(begin, count), measurement_->sums);
  measurement_->rows_done += count;
  if (measurement_->rows_done < rows.size()) return;
  TellEvaluation(sink);
  measurement_.reset();
}

template <typename Real>
EvaluationReport TypedTrainer<Real>::Report() const {
  EvaluationReport report{.step = step_,
                          .epoch = step_ / parts_.plan.steps_per_epoch,
                          .part = measurement_->part,
                          .values = {{Metric::kLoss, measurement_->sums.Value(Metric::kLoss)}}};
  for (const Metric metric : parts_.plan.options.evaluation.metrics) {
    if (metric != Metric::kLoss) report.values.push_back({metric, measurement_->sums.Value(metric)});
  }
  report.confusion_matrix = measurement_->sums.confusion_matrix();
  return report;
}

template <typename Real>
void TypedTrainer<Real>::TellEvaluation(RunSink& sink) {
  EvaluationReport report = Report();
  if (measurement_->part == Part::kTest) {
    report.step = HoldsBest() ? best_->step : step_;
    report.epoch = report.step / parts_.plan.steps_per_epoch;
    return sink.Tell(report);
  }
  evaluated_step_ = step_;
  // Rules see no merit in parameters that have overflowed.
  const bool finite = OverflowGuard<Real>::IsFinite(theta_);
  const auto seen = [&](Metric metric) {
    return finite ? measurement_->sums.Value(metric) : std::numeric_limits<double>::quiet_NaN();
  };
  if (const std::optional<TargetMetric>& target = parts_.plan.options.budget.target_metric) {
    const double value = seen(target->metric);
    const bool reached = LargerIsBetter(target->metric) ? value >= target->value : value <= target->value;
    target_reached_ = reached && !stop_.has_value();
    if (reached) StopSoon(StopReason::kTargetMetric);
  }
  const std::optional<Metric> watched = parts_.schedule->metric();
  const bool reduced = watched.has_value() && parts_.schedule->Observe(step_, seen(*watched));
  if (stopping_.has_value()) {
    report.patience = stopping_->Update(step_, seen(stopping_->metric()));
    if (report.patience->improved && parts_.plan.options.early_stopping->keep == Keep::kBest) {
      best_ = BestParameters{.step = step_, .parameters = LogicalBytes(theta_)};
    }
    if (stopping_->out_of_patience()) StopSoon(StopReason::kEarlyStop);
  }
  sink.Tell(report);
  if (reduced) TellReduction(sink);
  if (std::isfinite(seen(Metric::kLoss))) MarkPlaceToGoBackTo();
}

template <typename Real>
void TypedTrainer<Real>::TellReduction(RunSink& sink) {
  const WatchedBest best = parts_.schedule->best().value_or(WatchedBest());
  sink.Tell(PlateauReport{.step = step_,
                          .metric = *parts_.schedule->metric(),
                          .best_value = best.value,
                          .best_step = best.step,
                          .learning_rate = parts_.schedule->At(step_) * learning_rate_factor_});
}

template <typename Real>
void TypedTrainer<Real>::GradientNormUnit(RunSink& sink) {
  if (!gradient_norm_begun_) objective_.SetMinibatch(parts_.plan.training_rows);
  gradient_norm_begun_ = true;
  const absl::Status status = objective_.Gradient(theta_, [](const GradientView<Real>&) {});
  if (status.code() == absl::StatusCode::kUnavailable) return;
  gradient_norm_told_ = true;
  sink.Tell(EarlyStopReport{.step = step_,
                            .metric = stopping_->metric(),
                            .best_value = stopping_->best_value(),
                            .best_step = stopping_->state().best_step,
                            .patience = parts_.plan.options.early_stopping->patience,
                            .training_gradient_norm = objective_.gradient_norm()});
}

template <typename Real>
void TypedTrainer<Real>::Finish() {
  RunEnd end{.reason = *stop_};
  if (HoldsBest()) {
    end.held = ParametersHeld::kBest;
    end.parameters_step = best_->step;
  } else {
    end.held = *stop_ == StopReason::kDivergence ? ParametersHeld::kLastFinite : ParametersHeld::kLast;
    end.parameters_step = step_;
  }
  if (*stop_ == StopReason::kDivergence) {
    end.status =
        WithReason(absl::OutOfRangeError(absl::StrCat("the loss or its gradient is not finite at step ", diverged_step_,
                                                      "; a smaller optimizer.learning_rate often helps")),
                   "DIVERGED", {{"step", absl::StrCat(diverged_step_)}});
  }
  end_ = std::move(end);
}

bool operator==(const StepMetrics& a, const StepMetrics& b) {
  const auto same = [](double x, double y) { return std::memcmp(&x, &y, sizeof(double)) == 0; };
  const auto both = [same](const std::optional<double>& x, const std::optional<double>& y) {
    return x.has_value() == y.has_value() && same(x.value_or(0), y.value_or(0));
  };
  return a.step == b.step && same(a.loss, b.loss) && same(a.gradient_norm, b.gradient_norm) &&
         same(a.learning_rate, b.learning_rate) && same(a.momentum, b.momentum) && both(a.penalty, b.penalty) &&
         both(a.clipped_gradient_norm, b.clipped_gradient_norm);
}

absl::StatusOr<std::unique_ptr<Trainer>> MakeTrainer(RunPlan plan, const TrainingData& data,
                                                     const Checkpoint* checkpoint, Crew* crew) {
  if (plan.options.precision == Precision::kF32) {
    return TypedTrainer<float>::Make(std::move(plan), data, checkpoint, crew);
  }
  return TypedTrainer<double>::Make(std::move(plan), data, checkpoint, crew);
}

}  // namespace trainyard
