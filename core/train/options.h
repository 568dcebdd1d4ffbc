// What a run is to do: the option structs of every family, together.

#ifndef TRAINYARD_CORE_TRAIN_OPTIONS_H_
#define TRAINYARD_CORE_TRAIN_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/precision.h"
#include "core/data/class_weights.h"
#include "core/data/encoding.h"
#include "core/data/minibatches.h"
#include "core/init/make_initializer.h"
#include "core/loss/make_loss.h"
#include "core/loss/metric.h"
#include "core/model/network.h"
#include "core/optim/make_optimizer.h"
#include "core/optim/make_schedule.h"
#include "core/optim/regularization.h"

namespace trainyard {

// Names of data sets are the owner's of this run to resolve; core opens nothing.
struct TrainingDataOptions {
  std::string dataset;
  std::optional<std::string> target;

  // A share of the rows, or the name of another data set.
  std::variant<std::monostate, double, std::string> validation;
  std::variant<std::monostate, double, std::string> test;
  std::optional<bool> stratified;
  EncodingOptions encoding;
  std::optional<ClassWeightOptions> class_weights;

  friend bool operator==(const TrainingDataOptions&, const TrainingDataOptions&) = default;
};

// Reached when an evaluation of the validation part is this good or better.
struct TargetMetric {
  Metric metric = Metric::kLoss;
  double value = 0;  // finite
  friend bool operator==(const TargetMetric&, const TargetMetric&) = default;
};

// The first limit reached ends the run. None given: 10 epochs. A target metric alone is not enough: it may never be reached.
struct BudgetOptions {
  std::optional<int64_t> steps;
  std::optional<int64_t> epochs;
  std::optional<int64_t> examples;
  std::optional<absl::Duration> running_time;
  std::optional<TargetMetric> target_metric;

  friend bool operator==(const BudgetOptions&, const BudgetOptions&) = default;
};

struct EverySteps {
  int64_t count = 1;
  friend bool operator==(const EverySteps&, const EverySteps&) = default;
};
struct EveryEpochs {
  int64_t count = 1;
  friend bool operator==(const EveryEpochs&, const EveryEpochs&) = default;
};

struct EvaluationOptions {
  std::vector<Metric> metrics;  // empty: those that fit the target
  std::variant<EveryEpochs, EverySteps> every;
  std::optional<int> top_k;  // nullopt: DefaultTopK
  bool confusion_matrix = false;

  friend bool operator==(const EvaluationOptions&, const EvaluationOptions&) = default;
};

// Which parameters the model of a run with early stopping holds.
enum class Keep { kBest, kLast };

struct EarlyStoppingOptions {
  std::optional<Metric> metric;  // nullopt: zero-one error for classes, RMSE for numbers
  int patience = 5;              // evaluations, at least 1
  double min_change = 0;         // in the metric's unit, at least 0
  int moving_average = 1;        // compares means over so many of the newest evaluations, at least 1
  Keep keep = Keep::kBest;

  friend bool operator==(const EarlyStoppingOptions&, const EarlyStoppingOptions&) = default;
};

struct StopOnDivergence {
  friend bool operator==(const StopOnDivergence&, const StopOnDivergence&) = default;
};
// Goes back to the last evaluation, or to step 0, and on with a smaller learning rate.
struct RollBack {
  double factor = 0.5;  // of the learning rate, in (0, 1)
  int max_times = 5;    // at least 1
  friend bool operator==(const RollBack&, const RollBack&) = default;
};
using DivergenceOptions = std::variant<StopOnDivergence, RollBack>;

struct CheckpointOptions {
  std::optional<int64_t> every_steps;  // nullopt: by time, as the run's owner decides

  friend bool operator==(const CheckpointOptions&, const CheckpointOptions&) = default;
};

// Row-major values under the names of ParameterLayout.
struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> values;

  friend bool operator==(const NamedTensor&, const NamedTensor&) = default;
};

struct InitialStateOptions {
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> velocity;

  // Of all parameters of the run at step 0. Alone: whoever owns the run has taken the values, and makes it from a checkpoint of step 0.
  std::string parameters_digest;

  friend bool operator==(const InitialStateOptions&, const InitialStateOptions&) = default;
};

// The newest, or that of a step.
struct CheckpointSource {
  std::string job;
  std::optional<int64_t> step;  // at least 0

  friend bool operator==(const CheckpointSource&, const CheckpointSource&) = default;
};

// Another run's parameters in place of the drawn ones: the name of a model, or a checkpoint, with its velocity. As with data sets, the
// names are the owner's of this run to resolve: it makes the run from a checkpoint of step 0.
struct WarmStartOptions {
  std::variant<std::string, CheckpointSource> source;
  std::string parameters_digest;  // of the source's parameters; empty: not known yet

  friend bool operator==(const WarmStartOptions&, const WarmStartOptions&) = default;
};

struct TrainingOptions {
  TrainingDataOptions data;
  NetworkOptions network;
  std::optional<LossOptions> loss;  // nullopt: by the target
  OptimizerOptions optimizer;
  RegularizationOptions regularization;
  MinibatchOptions minibatches;
  InitializationOptions initialization;
  BudgetOptions budget;
  EvaluationOptions evaluation;
  std::optional<EarlyStoppingOptions> early_stopping;
  DivergenceOptions divergence;
  CheckpointOptions checkpoints;
  Precision precision = Precision::kF32;
  uint64_t seed = 0;
  InitialStateOptions initial_state;
  std::optional<WarmStartOptions> warm_start;
  int threads = 1;  // that may be at one step, in 1..32: for the owner to heed

  friend bool operator==(const TrainingOptions&, const TrainingOptions&) = default;
};

// All that can be said without the data. INVALID_ARGUMENT: a FieldError with the path from the spec on.
absl::Status Validate(const TrainingOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_OPTIONS_H_
