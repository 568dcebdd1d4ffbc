#include "core/train/typed_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/flush_denormals.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/train/initial_state.h"
#include "core/train/measuring.h"

namespace trainyard {
namespace {

constexpr size_t kMaxNamedRows = 32;

const Dataset& DatasetOf(Part part, const TrainingData& data) {
  if (part == Part::kValidation && data.validation != nullptr) return *data.validation;
  if (part == Part::kTest && data.test != nullptr) return *data.test;
  return *data.training;
}

template <typename T>
std::span<const T> AsSpanOf(std::string_view bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace

template <typename Real>
absl::StatusOr<std::unique_ptr<Trainer>> TypedTrainer<Real>::Make(RunPlan plan, const TrainingData& data,
                                                                  const Checkpoint* checkpoint) {
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
  auto trainer = std::make_unique<TypedTrainer<Real>>(Parts{.plan = std::move(plan),
                                                            .data = data,
                                                            .loss = std::move(loss),
                                                            .schedule = std::move(schedule),
                                                            .training = std::move(training),
                                                            .validation = std::move(validation),
                                                            .test = std::move(test)});
  if (checkpoint == nullptr) {
    trainer->Initialize();
  } else {
    RETURN_IF_ERROR(trainer->Restore(*checkpoint));
  }
  trainer->BeginGuard();
  return std::unique_ptr<Trainer>(std::move(trainer));
}

template <typename Real>
TypedTrainer<Real>::TypedTrainer(Parts parts)
    : parts_(std::move(parts)),
      limit_(parts_.plan.total_steps > 0
                 ? FirstLimit(parts_.plan.options.budget, static_cast<int64_t>(parts_.plan.training_rows.size()),
                              Minibatches(parts_.plan.options.minibatches, parts_.plan.training_rows, 0).size())
                 : std::nullopt),
      minibatches_(parts_.plan.options.minibatches, parts_.plan.training_rows, parts_.plan.options.seed),
      objective_(parts_.plan.layout, *parts_.loss, parts_.training, parts_.plan.encoding.target.type),
      evaluator_(parts_.plan.layout, *parts_.loss, static_cast<int64_t>(parts_.plan.encoding.target.classes.size())),
      theta_(parts_.plan.layout.flat_size()),
      optimizer_(MakeOptimizer<Real>(parts_.plan.options.optimizer.rule, parts_.plan.layout.flat_size())) {
  if (parts_.plan.options.early_stopping.has_value()) stopping_.emplace(*parts_.plan.options.early_stopping);
}

template <typename Real>
void TypedTrainer<Real>::Initialize() {
  const TrainingOptions& options = parts_.plan.options;
  const ParameterLayout& layout = parts_.plan.layout;
  const auto weights = MakeInitializer(options.initialization.weights);
  const auto biases = MakeInitializer(options.initialization.biases);
  std::vector<double> values;
  for (size_t t = 0; t < layout.tensors().size(); ++t) {
    const TensorShape& tensor = layout.tensors()[t];
    const DenseShape& shape = layout.layers()[tensor.layer];
    values.resize(tensor.size);
    const RandomStream random(options.seed, RandomPurpose::kInitialWeights, t);
    (tensor.is_bias ? biases : weights)->Fill({.fan_in = shape.fan_in, .fan_out = shape.fan_out}, random, values);
    for (int64_t i = 0; i < tensor.size; ++i) {
      const int64_t input = tensor.is_bias ? shape.fan_in : i / shape.fan_out;
      theta_[layout.Index(tensor.layer, input, i % shape.fan_out)] = static_cast<Real>(values[i]);
    }
  }
  Place<Real>(options.initial_state.parameters, layout, theta_);
  for (const OptimizerArray& array : optimizer_->state()) {
    if (array.name != "velocity") continue;
    Place<Real>(options.initial_state.velocity, layout,
                {reinterpret_cast<Real*>(array.bytes.data()), array.bytes.size() / sizeof(Real)});
  }
}

template <typename Real>
void TypedTrainer<Real>::BeginGuard() {
  std::span<const Real> velocity;
  for (const OptimizerArray& array : optimizer_->state()) {
    if (array.per_parameter) velocity = {reinterpret_cast<const Real*>(array.bytes.data()), theta_.size()};
  }
  guard_.Begin(theta_, velocity);
}

template <typename Real>
Trainer::Next TypedTrainer<Real>::Advance(RunSink& sink) {
  const FlushDenormals flush;
  if (measurement_.has_value()) {
    MeasureUnit(sink);
  } else if (EvaluationIsDue()) {
    BeginMeasurement(Part::kValidation);
  } else if (CheckpointIsDue()) {
    saved_step_ = step_;
    sink.Save(Snapshot());
  } else if (!stop_.has_value()) {
    TrainUnit(sink);
    NoteLimit();
  } else if (*stop_ == StopReason::kEarlyStop && !gradient_norm_told_) {
    GradientNormUnit(sink);
  } else if (*stop_ != StopReason::kDivergence && !parts_.plan.test_rows.empty() && !test_measured_) {
    test_measured_ = true;
    BeginMeasurement(Part::kTest);
  } else {
    Finish();
  }
  return end_.has_value() ? Next::kEnded : Next::kMore;
}

template <typename Real>
void TypedTrainer<Real>::StopSoon(StopReason reason) {
  if (stop_.has_value()) return;
  stop_ = reason;
  minibatch_begun_ = false;
}

template <typename Real>
void TypedTrainer<Real>::NoteLimit() {
  if (limit_.has_value() && step_ >= limit_->steps) StopSoon(limit_->reason);
}

template <typename Real>
bool TypedTrainer<Real>::EvaluationIsDue() const {
  if (parts_.plan.validation_rows.empty() || step_ == 0 || evaluated_step_ == step_ || minibatch_begun_) return false;
  if (stop_.has_value()) return *stop_ != StopReason::kDivergence;
  const auto* epochs = std::get_if<EveryEpochs>(&parts_.plan.options.evaluation.every);
  if (epochs == nullptr) return step_ % std::get<EverySteps>(parts_.plan.options.evaluation.every).count == 0;
  return step_ % parts_.plan.steps_per_epoch == 0 && step_ / parts_.plan.steps_per_epoch % epochs->count == 0;
}

template <typename Real>
bool TypedTrainer<Real>::CheckpointIsDue() const {
  const std::optional<int64_t> every = parts_.plan.options.checkpoints.every_steps;
  return every.has_value() && step_ > 0 && step_ % *every == 0 && saved_step_ != step_ && !minibatch_begun_;
}

template <typename Real>
void TypedTrainer<Real>::TrainUnit(RunSink& sink) {
  if (!minibatch_begun_) objective_.SetMinibatch(minibatches_.At(step_));
  minibatch_begun_ = true;
  const StepRates rates{.learning_rate = parts_.schedule->At(step_),
                        .momentum = MomentumOf(parts_.plan.options.optimizer.rule)};
  GuardedObjective<Real> objective(objective_, guard_, theta_, rates);
  const absl::Status status = optimizer_->Step(rates, objective, theta_);
  if (status.code() == absl::StatusCode::kUnavailable) return;
  minibatch_begun_ = false;
  if (!status.ok()) return Diverged(sink);
  sink.Step({.step = step_,
             .loss = objective_.loss(),
             .gradient_norm = objective_.gradient_norm(),
             .learning_rate = rates.learning_rate,
             .momentum = rates.momentum});
  ++step_;
}

template <typename Real>
void TypedTrainer<Real>::Diverged(RunSink& sink) {
  DivergenceReport report{.step = step_,
                          .loss = objective_.loss(),
                          .gradient_norm = objective_.gradient_norm(),
                          .tensor = objective_.NotFiniteTensor()};
  for (const uint32_t row : minibatches_.At(step_)) {
    if (report.rows.size() == kMaxNamedRows) break;
    report.rows.push_back(row);
  }
  sink.Tell(report);
  diverged_step_ = step_;
  // A finite gradient can still have moved the parameters beyond all numbers: then it is the update before that broke them.
  if (guard_.Restore(theta_)) --step_;
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
  if (stopping_.has_value()) {
    const double value = measurement_->sums.Value(stopping_->metric());
    report.patience = stopping_->Update(step_, value);
    if (report.patience->improved) {
      best_ = BestParameters{.step = step_, .value = value, .parameters = LogicalBytes(theta_)};
    }
    if (stopping_->out_of_patience()) StopSoon(StopReason::kEarlyStop);
  }
  sink.Tell(report);
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
                            .best_step = stopping_->best_step(),
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
Checkpoint TypedTrainer<Real>::Snapshot() const {
  Checkpoint checkpoint;
  checkpoint.fingerprint = NumericFingerprint();
  checkpoint.precision = parts_.plan.options.precision;
  checkpoint.step = step_;
  checkpoint.parameters = LogicalBytes(theta_);
  checkpoint.parameters_digest = Sha256Of(checkpoint.parameters);
  for (const OptimizerArray& array : optimizer_->state()) {
    const std::string_view bytes(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
    checkpoint.optimizer_state.push_back(
        {.name = std::string(array.name),
         .bytes = array.per_parameter ? LogicalBytes(AsSpanOf<Real>(bytes)) : std::string(bytes)});
  }
  checkpoint.best = best_;
  checkpoint.patience_used = stopping_.has_value() ? stopping_->patience_used() : 0;
  checkpoint.evaluated_step = evaluated_step_;
  return checkpoint;
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
absl::Status TypedTrainer<Real>::Restore(const Checkpoint& checkpoint) {
  const auto damaged = [](std::string_view what) {
    return WithReason(absl::DataLossError(absl::StrCat("the checkpoint is of another run: ", std::string(what))),
                      "CHECKPOINT_DAMAGED");
  };
  if (checkpoint.precision != parts_.plan.options.precision) return damaged("its precision differs");
  RETURN_IF_ERROR(FromLogicalBytes(checkpoint.parameters, theta_));
  const std::vector<OptimizerArray> state = optimizer_->state();
  if (state.size() != checkpoint.optimizer_state.size()) return damaged("its optimiser differs");
  for (size_t i = 0; i < state.size(); ++i) {
    const NamedBytes& saved = checkpoint.optimizer_state[i];
    if (saved.name != state[i].name || saved.bytes.size() != state[i].bytes.size())
      return damaged("its optimiser differs");
    if (state[i].per_parameter) {
      RETURN_IF_ERROR(FromLogicalBytes(saved.bytes, {reinterpret_cast<Real*>(state[i].bytes.data()), theta_.size()}));
    } else {
      std::memcpy(state[i].bytes.data(), saved.bytes.data(), saved.bytes.size());
    }
  }
  step_ = checkpoint.step;
  saved_step_ = checkpoint.step;
  evaluated_step_ = checkpoint.evaluated_step;
  best_ = checkpoint.best;
  if (best_.has_value() && best_->parameters.size() != checkpoint.parameters.size())
    return damaged("its best parameters differ");
  if (stopping_.has_value()) {
    if (best_.has_value()) {
      stopping_->Restore(checkpoint.patience_used, best_->step, best_->value);
    } else {
      stopping_->Restore(checkpoint.patience_used);
    }
    if (stopping_->out_of_patience()) StopSoon(StopReason::kEarlyStop);
  }
  NoteLimit();
  return absl::OkStatus();
}

template class TypedTrainer<float>;
template class TypedTrainer<double>;

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
                                                     const Checkpoint* checkpoint) {
  if (plan.options.precision == Precision::kF32) return TypedTrainer<float>::Make(std::move(plan), data, checkpoint);
  return TypedTrainer<double>::Make(std::move(plan), data, checkpoint);
}

}  // namespace trainyard
