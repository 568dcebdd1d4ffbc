// CheckRun: what options and schemas alone can say.

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/train/budget.h"
#include "core/train/initial_parameters.h"
#include "core/train/initial_state.h"
#include "core/train/measuring.h"
#include "core/train/memory_estimate.h"
#include "core/train/trainer.h"

namespace trainyard {
namespace {

// The schema's or the user's target, filled in.
absl::StatusOr<int> ResolveTarget(const Schema& schema, TrainingDataOptions& data) {
  const std::optional<int> target =
      data.target.has_value() ? schema.Find(std::string_view(*data.target)) : schema.Find(ColumnRole::kTarget);
  const std::string rule = absl::StrCat("a numeric or categorical column of ", data.dataset);
  if (!target.has_value()) return FieldError("data.target", data.target.value_or("unset"), rule);
  const Column& column = schema.columns[*target];
  data.target = column.name;
  const bool cells = column.type == ColumnType::kNumeric || column.type == ColumnType::kCategorical;
  if (!cells || column.role == ColumnRole::kWeight || column.role == ColumnRole::kSplit) {
    return FieldError("data.target", column.name, rule);
  }
  return *target;
}

// The user's loss or the target's, filled in.
absl::StatusOr<std::unique_ptr<const Loss<double>>> ResolveLoss(const Column& target, TrainingOptions& options) {
  const bool categorical = target.type == ColumnType::kCategorical;
  TargetShape shape;
  for (const Category& category : target.categories) shape.classes.push_back(category.value);
  if (categorical && shape.classes.size() < 2) {
    return WithReason(absl::InvalidArgumentError(
                          absl::StrCat("the target ", target.name, " has only one class; there is nothing to learn")),
                      "ONE_CLASS");
  }
  if (!options.loss.has_value()) {
    options.loss = categorical ? LossOptions(SoftmaxCrossEntropyOptions()) : LossOptions(SquaredOptions());
  }
  ASSIGN_OR_RETURN(auto loss, MakeLoss<double>(*options.loss, shape));
  RETURN_IF_ERROR(CheckOutputBiases(options, *loss));
  return loss;
}

absl::Status CheckClassWeights(const Column& target, const TrainingDataOptions& data) {
  if (!data.class_weights.has_value()) return absl::OkStatus();
  if (target.type != ColumnType::kCategorical) {
    return FieldError("data.class_weights", "set", "left out for a numeric target");
  }
  std::vector<std::string> classes;
  for (const Category& category : target.categories) classes.push_back(category.value);
  return InField("data.class_weights", CheckClasses(*data.class_weights, classes));
}

double FractionOf(const std::variant<std::monostate, double, std::string>& part) {
  const double* fraction = std::get_if<double>(&part);
  return fraction == nullptr ? 0 : *fraction;
}

// Upper bound of the training part; `exact` where it is the number itself.
struct TrainingCount {
  int64_t rows;
  bool exact;
};

TrainingCount CountTraining(const Dataset& dataset, const Column& target, const TrainingDataOptions& data) {
  const int64_t rows = dataset.row_count() - target.missing_count;
  const bool split_column = dataset.schema().Find(ColumnRole::kSplit).has_value();
  const auto share = [rows](double fraction) { return std::llround(fraction * static_cast<double>(rows)); };
  return {rows - share(FractionOf(data.validation)) - share(FractionOf(data.test)), !split_column};
}

absl::Status CheckMinibatches(const TrainingCount& training, MinibatchOptions& minibatches) {
  if (std::holds_alternative<DefaultSize>(minibatches.batch) && training.exact && training.rows > 0) {
    minibatches.batch = std::min(kDefaultMinibatch, training.rows);
  }
  return InField("minibatches", Validate(minibatches, training.rows));
}

// The widest network that the training part can lead to, and whether it is the network itself.
struct LargestNetwork {
  int64_t inputs = 0;
  int64_t dense_columns = 0;  // numeric or categorical
  bool exact = true;
};

LargestNetwork CountInputs(const Schema& schema, int target) {
  LargestNetwork network;
  for (int j = 0; j < static_cast<int>(schema.columns.size()); ++j) {
    const Column& column = schema.columns[j];
    if (j == target || column.type == ColumnType::kIgnored) continue;
    if (column.role != ColumnRole::kFeature) continue;
    if (column.type == ColumnType::kSparse) {
      network.inputs += column.width;
      continue;
    }
    ++network.dense_columns;
    if (column.type == ColumnType::kNumeric) {
      ++network.inputs;
    } else {
      network.inputs += static_cast<int64_t>(column.categories.size()) + 1;
      network.exact = false;
    }
  }
  return network;
}

absl::Status CheckSplit(const Schema& schema, bool categorical, TrainingDataOptions& data) {
  const bool fractions = std::holds_alternative<double>(data.validation) || std::holds_alternative<double>(data.test);
  if (fractions && schema.Find(ColumnRole::kSplit).has_value()) {
    return FieldError(
        std::holds_alternative<double>(data.validation) ? "data.validation_fraction" : "data.test_fraction", "set",
        "left out where the data set has a split column");
  }
  if (!data.stratified.has_value()) data.stratified = categorical;
  if (*data.stratified && !categorical) return FieldError("data.stratified", "true", "false for a numeric target");
  return absl::OkStatus();
}

bool HasValidation(const Dataset& dataset, const TrainingDataOptions& data) {
  if (!std::holds_alternative<std::monostate>(data.validation)) return true;
  const std::optional<int> split = dataset.schema().Find(ColumnRole::kSplit);
  if (!split.has_value()) return false;
  const std::vector<Category>& parts = dataset.schema().columns[*split].categories;
  return std::any_of(parts.begin(), parts.end(), [](const Category& part) { return part.value == "validation"; });
}

}  // namespace

absl::StatusOr<CheckedRun> CheckRun(const TrainingOptions& given, const TrainingData& data, int64_t memory_limit) {
  RETURN_IF_ERROR(Validate(given));
  TrainingOptions options = given;
  const Dataset& dataset = *data.training;
  ASSIGN_OR_RETURN(const int target_index, ResolveTarget(dataset.schema(), options.data));
  const Column& target = dataset.schema().columns[target_index];
  const bool categorical = target.type == ColumnType::kCategorical;
  ASSIGN_OR_RETURN(const auto loss, ResolveLoss(target, options));
  RETURN_IF_ERROR(CheckSplit(dataset.schema(), categorical, options.data));
  RETURN_IF_ERROR(CheckClassWeights(target, options.data));
  RETURN_IF_ERROR(CheckWatchers(HasValidation(dataset, options.data), options));
  RETURN_IF_ERROR(CheckMeasuring(target, loss->probabilistic(), options));
  options.budget = WithDefault(options.budget);
  const TrainingCount training = CountTraining(dataset, target, options.data);
  RETURN_IF_ERROR(CheckMinibatches(training, options.minibatches));
  const RunLength length{
      .steps_per_epoch = 1,
      .total_steps = FirstLimit(options.budget, Epoch()).has_value() ? std::optional<int64_t>(1) : std::nullopt};
  RETURN_IF_ERROR(InField(
      "optimizer",
      InField("schedule", MakeSchedule(options.optimizer.schedule, options.optimizer.learning_rate, length).status())));

  const LargestNetwork network = CountInputs(dataset.schema(), target_index);
  if (network.inputs == 0) {
    return WithReason(absl::InvalidArgumentError(
                          absl::StrCat(options.data.dataset, " has no feature beside the target ", target.name)),
                      "NO_FEATURES");
  }
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Make(
      options.network, network.inputs, loss->output_count(),
      HasSparseInputs(network.inputs, network.dense_columns) ? InputKind::kSparse : InputKind::kDense);
  // More parameters than can be counted need more memory than there is.
  if (!layout.ok()) return CheckMemory(std::numeric_limits<int64_t>::max(), memory_limit);
  if (network.exact) RETURN_IF_ERROR(InField("initial_state", Validate(options.initial_state, *layout)));
  const PartRows parts{.training = training.rows,
                       .measured = training.exact ? data.row_count() - training.rows : data.row_count()};
  const RowCounts rows = CountRows(data, target_index, parts);
  const int64_t memory_bytes = EstimateMemory(options, *layout, network.dense_columns, rows);
  RETURN_IF_ERROR(CheckMemory(memory_bytes, memory_limit));
  return CheckedRun{.options = std::move(options), .memory_bytes = memory_bytes};
}

}  // namespace trainyard
