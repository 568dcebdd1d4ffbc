// What a run tells while it goes.

#ifndef TRAINYARD_CORE_TRAIN_RUN_EVENTS_H_
#define TRAINYARD_CORE_TRAIN_RUN_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/loss/metric_sums.h"
#include "core/train/checkpoint.h"

namespace trainyard {

enum class Part { kTraining, kValidation, kTest };

enum class StopReason {
  kSteps,
  kEpochs,
  kExamples,
  kRunningTime,
  kEarlyStop,
  kDivergence,
  kCancelled,
  kError,
  kTargetMetric,
  kDeadline,
};

enum class ParametersHeld { kNone, kLast, kBest, kLastFinite };

// Update `step`, which took the parameters from step `step` to step `step` + 1. Loss and norm are those at the point where the gradient
// was taken.
struct StepMetrics {
  int64_t step = 0;
  double loss = 0;           // mean over the minibatch, without penalty
  double gradient_norm = 0;  // 2-norm of the gradient of the mean loss and its penalty, before clipping
  double learning_rate = 0;
  double momentum = 0;
  std::optional<double> penalty;                // where there is one
  std::optional<double> clipped_gradient_norm;  // where gradients are clipped

  // Same bits, NaN included.
  friend bool operator==(const StepMetrics& a, const StepMetrics& b);
};

struct PatienceReport {
  Metric metric = Metric::kLoss;
  bool improved = false;
  double best_value = 0;  // NaN as long as there is none, as in the reports that follow
  int64_t best_step = 0;
  int left = 0;      // evaluations without improvement still allowed
  double value = 0;  // that was compared: the metric, or its moving average
};

struct EvaluationReport {
  int64_t step = 0;
  int64_t epoch = 0;
  Part part = Part::kValidation;
  std::vector<MetricValue> values;  // the surrogate loss first
  std::optional<PatienceReport> patience;
  std::optional<ConfusionMatrix> confusion_matrix;  // where the plan asks for it
};

struct EarlyStopReport {
  int64_t step = 0;
  Metric metric = Metric::kLoss;
  double best_value = 0;
  int64_t best_step = 0;
  int patience = 0;
  double training_gradient_norm = 0;  // over the whole training part, at the last parameters
};

// The run goes on from `to_step`, as its next attempt.
struct RollBackReport {
  int64_t to_step = 0;
  double learning_rate_factor = 1;  // of all learning rates from now on
  int left = 0;                     // roll-backs still allowed
};

struct DivergenceReport {
  int64_t step = 0;
  double loss = 0;
  double gradient_norm = 0;
  std::string tensor;         // the first whose gradient is not finite; empty where the loss is not
  std::vector<int64_t> rows;  // of the training data set; the first 32
  std::optional<RollBackReport> rolled_back;
};

// The first of a stretch of steps whose gradients were clipped. A stretch ends where more than so many steps in a row were not.
inline constexpr int64_t kUnclippedStepsBetweenStretches = 100;

struct ClippingReport {
  int64_t step = 0;
  double gradient_norm = 0;
  double clipped_gradient_norm = 0;
};

struct PlateauReport {
  int64_t step = 0;
  Metric metric = Metric::kLoss;
  double best_value = 0;
  int64_t best_step = 0;
  double learning_rate = 0;  // of the steps to come
};

struct RunWarning {
  int64_t step = 0;
  std::string reason;
  std::string message;
};

using RunEvent =
    std::variant<EvaluationReport, EarlyStopReport, DivergenceReport, ClippingReport, PlateauReport, RunWarning>;

// Takes what a run tells, in order, on the thread that advances the run. Must not block.
class RunSink {
 public:
  virtual ~RunSink() = default;
  virtual void Step(const StepMetrics& metrics) = 0;
  virtual void Tell(const RunEvent& event) = 0;

  // A checkpoint that CheckpointOptions ask for. Never to be skipped.
  virtual void Save(Checkpoint checkpoint) = 0;

  // The run went back to an earlier step: what follows is a new attempt, which begins with this checkpoint. Never to be skipped.
  virtual void BeginAttempt(Checkpoint checkpoint) = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_RUN_EVENTS_H_
