// PlanRun: what a look at every row adds.

#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/data/split.h"
#include "core/train/budget.h"
#include "core/train/initial_state.h"
#include "core/train/measuring.h"
#include "core/train/memory_estimate.h"
#include "core/train/trainer.h"

namespace trainyard {
namespace {

std::optional<double> FractionOf(const std::variant<std::monostate, double, std::string>& part) {
  const double* fraction = std::get_if<double>(&part);
  return fraction == nullptr ? std::nullopt : std::optional<double>(*fraction);
}

// All rows of another data set.
absl::StatusOr<std::vector<uint32_t>> RowsOf(const Dataset& dataset, std::string_view field, const std::string& name) {
  if (dataset.row_count() == 0) return FieldError(field, name, "a data set with rows");
  std::vector<uint32_t> rows(dataset.row_count());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

absl::Status CheckRows(const Encoding& encoding, const Loss<double>& loss, const Dataset& dataset,
                       std::span<const uint32_t> rows) {
  ASSIGN_OR_RETURN(const RowEncoder encoder,
                   RowEncoder::Bind(encoding, dataset, RowEncoder::Needs::kFeaturesAndTarget));
  RETURN_IF_ERROR(encoder.Check(rows));
  return encoder.CheckTargets(rows, loss.smallest_target());
}

absl::Status ChooseRows(const TrainingData& data, int target, const TrainingOptions& options, RunPlan& plan) {
  const SplitOptions split_options{.validation_fraction = FractionOf(options.data.validation),
                                   .test_fraction = FractionOf(options.data.test),
                                   .stratified = options.data.stratified};
  ASSIGN_OR_RETURN(Split split, MakeSplit(*data.training, target, split_options, options.seed));
  plan.training_rows = std::move(split.training);
  plan.validation_rows = std::move(split.validation);
  plan.test_rows = std::move(split.test);
  return absl::OkStatus();
}

// The rows of the parts, each checked against the encoding and the loss.
absl::Status CheckParts(const TrainingData& data, const TrainingOptions& options, const Loss<double>& loss,
                        RunPlan& plan) {
  if (data.validation != nullptr) {
    ASSIGN_OR_RETURN(plan.validation_rows, RowsOf(*data.validation, "data.validation_dataset",
                                                  std::get<std::string>(options.data.validation)));
  }
  if (data.test != nullptr) {
    ASSIGN_OR_RETURN(plan.test_rows, RowsOf(*data.test, "data.test_dataset", std::get<std::string>(options.data.test)));
  }
  RETURN_IF_ERROR(CheckRows(plan.encoding, loss, *data.training, plan.training_rows));
  const Dataset& validation = data.validation != nullptr ? *data.validation : *data.training;
  RETURN_IF_ERROR(CheckRows(plan.encoding, loss, validation, plan.validation_rows));
  return CheckRows(plan.encoding, loss, data.test != nullptr ? *data.test : *data.training, plan.test_rows);
}

absl::Status CountSteps(RunPlan& plan) {
  MinibatchOptions& minibatches = plan.options.minibatches;
  const int64_t rows = static_cast<int64_t>(plan.training_rows.size());
  if (std::holds_alternative<DefaultSize>(minibatches.batch)) minibatches.batch = std::min(kDefaultMinibatch, rows);
  RETURN_IF_ERROR(InField("minibatches", Validate(minibatches, rows)));
  const Epoch epoch = EpochOf(minibatches, rows);
  plan.steps_per_epoch = epoch.steps;
  const std::optional<StepLimit> limit = FirstLimit(plan.options.budget, epoch);
  plan.total_steps = limit.has_value() ? limit->steps : 0;
  return absl::OkStatus();
}

void WarnOfTauBeyondBudget(RunPlan& plan) {
  if (plan.total_steps == 0) return;
  const RunLength length{.steps_per_epoch = plan.steps_per_epoch, .total_steps = plan.total_steps};
  const int64_t end = EndOfDecay(plan.options.optimizer.schedule, length).value_or(0);
  if (end <= plan.total_steps) return;
  plan.warnings.push_back({.step = 0,
                           .reason = "TAU_BEYOND_BUDGET",
                           .message = absl::StrCat("optimizer.schedule reaches its final learning rate at step ", end,
                                                   ", but the budget ends at step ", plan.total_steps)});
}

}  // namespace

absl::StatusOr<RunPlan> Replan(RunPlan plan, TrainingOptions options) {
  plan.options = std::move(options);
  RETURN_IF_ERROR(CountSteps(plan));
  return plan;
}

int64_t TrainingData::row_count() const {
  int64_t rows = 0;
  for (const auto& dataset : {training, validation, test}) rows += dataset != nullptr ? dataset->row_count() : 0;
  return rows;
}

absl::StatusOr<RunPlan> PlanRun(const TrainingOptions& given, const TrainingData& data, int64_t memory_limit) {
  const FlushDenormals flush;
  RunPlan plan;
  ASSIGN_OR_RETURN(CheckedRun checked, CheckRun(given, data, memory_limit));
  plan.options = std::move(checked.options);
  const TrainingOptions& options = plan.options;
  const int target = *data.training->schema().Find(std::string_view(*options.data.target));
  RETURN_IF_ERROR(ChooseRows(data, target, options, plan));
  absl::StatusOr<FittedEncoding> fitted =
      FitEncoding(*data.training, plan.training_rows, target, options.data.encoding, options.data.class_weights);
  if (!fitted.ok()) return InField("data", fitted.status());
  plan.encoding = std::move(fitted->encoding);
  for (DataWarning& warning : fitted->warnings) {
    plan.warnings.push_back({.step = 0, .reason = std::move(warning.reason), .message = std::move(warning.message)});
  }
  ASSIGN_OR_RETURN(const auto loss, MakeLoss<double>(*options.loss, TargetShape{plan.encoding.target.classes}));
  RETURN_IF_ERROR(CheckParts(data, options, *loss, plan));
  RETURN_IF_ERROR(CheckWatchers(!plan.validation_rows.empty(), options));
  ASSIGN_OR_RETURN(plan.layout, ParameterLayout::Make(options.network, plan.encoding.input_count(),
                                                      loss->output_count(), InputsOf(plan.encoding)));
  RETURN_IF_ERROR(InField("initial_state", Validate(options.initial_state, plan.layout)));
  RETURN_IF_ERROR(CountSteps(plan));
  WarnOfTauBeyondBudget(plan);
  const PartRows parts{.training = static_cast<int64_t>(plan.training_rows.size()),
                       .measured = static_cast<int64_t>(plan.validation_rows.size() + plan.test_rows.size())};
  const RowCounts rows = CountRows(data, target, parts);
  plan.memory_bytes = EstimateMemory(options, plan.layout, DenseColumns(plan.encoding), rows);
  RETURN_IF_ERROR(CheckMemory(plan.memory_bytes, memory_limit));
  return plan;
}

}  // namespace trainyard
