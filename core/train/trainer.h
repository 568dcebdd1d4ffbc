// One run as a state machine: each Advance does one small unit of work (a minibatch, a block of an evaluation) and returns.
//
//   Make -> Advance ... Advance -> kEnded
//
// What comes next is a function of the run's state alone, so a run may be left between any two units, for a moment (a slice of the
// worker pool), for long (a pause), or for good (a crash, then Make from a checkpoint), and its bits do not change. The trainer knows no
// clock, no disk and no watcher: what depends on time is the owner's to decide, between units.

#ifndef TRAINYARD_CORE_TRAIN_TRAINER_H_
#define TRAINYARD_CORE_TRAIN_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/crew.h"
#include "core/data/dataset.h"
#include "core/data/encoding.h"
#include "core/model/network.h"
#include "core/train/checkpoint.h"
#include "core/train/options.h"
#include "core/train/run_events.h"

namespace trainyard {

// The data sets that TrainingDataOptions names; null where it names none.
struct TrainingData {
  std::shared_ptr<const Dataset> training;
  std::shared_ptr<const Dataset> validation;
  std::shared_ptr<const Dataset> test;

  // Rows of all of them.
  int64_t row_count() const;
};

// What is known of a run before its first step.
struct RunPlan {
  // With every default that depends on the data filled in.
  TrainingOptions options;
  Encoding encoding;
  ParameterLayout layout;

  // Rows of each part, ascending; of the training data set where TrainingData has no other for the part.
  std::vector<uint32_t> training_rows;
  std::vector<uint32_t> validation_rows;
  std::vector<uint32_t> test_rows;

  int64_t steps_per_epoch = 0;

  // Steps that the budget allows; 0 where only time limits them.
  int64_t total_steps = 0;

  // That the run takes beside its data sets, at most.
  int64_t memory_bytes = 0;
  std::vector<RunWarning> warnings;
};

struct RunEnd {
  StopReason reason = StopReason::kSteps;
  ParametersHeld held = ParametersHeld::kLast;
  int64_t parameters_step = 0;

  // OUT_OF_RANGE (reason DIVERGED) after kDivergence, else OK.
  absl::Status status;
};

// Not thread-safe.
class Trainer {
 public:
  enum class Next { kMore, kEnded };

  virtual ~Trainer() = default;

  // Does one unit of work. Not to be called after kEnded.
  virtual Next Advance(RunSink& sink) = 0;

  // Ends the run before its next step, with the closing measurements of any other end. The first call counts.
  virtual void StopSoon(StopReason reason) = 0;

  // The state at the last whole step: between units, at any time.
  virtual Checkpoint Snapshot() const = 0;

  virtual const RunPlan& plan() const = 0;

  // Whether the next unit begins an update: only here may the run's options change.
  virtual bool BeforeUpdate() const = 0;

  // Whether the last update is made, and only closing measurements come.
  virtual bool closing() const = 0;

  // How often the run went back after it diverged.
  virtual int roll_backs() const = 0;

  // The first update that has not begun.
  virtual int64_t next_update() const = 0;

  // Updates made, and training examples seen.
  virtual int64_t step() const = 0;
  virtual int64_t examples() const = 0;

  // Of these updates, those whose gradient was clipped.
  virtual int64_t clipped_steps() const = 0;

  // Set after kEnded.
  virtual const RunEnd& end() const = 0;
};

// What can be said of a run from its options and schemas, in a time that does not grow with the data.
struct CheckedRun {
  // With every default filled in that does not depend on rows.
  TrainingOptions options;

  // That the run takes beside its data sets, at most.
  int64_t memory_bytes = 0;
};

// `memory_limit` in bytes.
// INVALID_ARGUMENT: options that do not fit each other or the data, a FieldError where a field is to blame. RESOURCE_EXHAUSTED
// (INSUFFICIENT_MEMORY): it would take more memory than the limit.
absl::StatusOr<CheckedRun> CheckRun(const TrainingOptions& options, const TrainingData& data, int64_t memory_limit);

// All that can be known of a run without making it; reads every row. The errors of CheckRun, of MakeSplit and of FitEncoding.
absl::StatusOr<RunPlan> PlanRun(const TrainingOptions& options, const TrainingData& data, int64_t memory_limit);

// The same rows, encoding and network under other options, which CheckRun has filled in and which differ in nothing that decides these.
// INVALID_ARGUMENT: minibatches that do not fit the rows.
absl::StatusOr<RunPlan> Replan(RunPlan plan, TrainingOptions options);

// A run at its start, or going on from `checkpoint` where that is given. `crew`, which may be null and must outlive the trainer, helps in
// Advance and changes no bit. INVALID_ARGUMENT: rows that the encoding refuses; initial state that does not fit, or is beyond the
// precision. DATA_LOSS: a checkpoint of another run.
absl::StatusOr<std::unique_ptr<Trainer>> MakeTrainer(RunPlan plan, const TrainingData& data,
                                                     const Checkpoint* checkpoint, Crew* crew = nullptr);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_TRAINER_H_
