// A run whose options change at given updates.
//
//   options of the plan | changes[0].options | changes[1].options ...
//   updates 0 ..        | changes[0].step .. | changes[1].step ..
//
// A change acts just before its update begins: after the evaluation and the checkpoint of that step, and before it is asked whether the
// budget is used up. There the run is taken apart into its checkpoint and put together under the new options (AdaptCheckpoint), as if it
// had been left there; so plan and changes decide every bit, whether a change was known beforehand or came while the run went.

#ifndef TRAINYARD_CORE_TRAIN_STEERED_TRAINER_H_
#define TRAINYARD_CORE_TRAIN_STEERED_TRAINER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/trainer.h"

namespace trainyard {

struct OptionsChange {
  // The first update under `options`, after so many roll-backs.
  int64_t step = 0;
  int roll_backs = 0;

  // All of them, as CheckRun fills them in. Data, network, initial state, precision and seed are those of the run.
  TrainingOptions options;
};

// Not thread-safe.
class SteeredTrainer {
 public:
  // `plan`: of the options before all changes. `changes`: in the order in which they act, by roll-backs and step. The rest, and the errors, as MakeTrainer.
  static absl::StatusOr<std::unique_ptr<SteeredTrainer>> Make(RunPlan plan, std::vector<OptionsChange> changes,
                                                              const TrainingData& data, const Checkpoint* checkpoint,
                                                              Crew* crew = nullptr);

  // A change that acts after all those known, at next_update() or later.
  void ChangeAt(OptionsChange change) { changes_.push_back(std::move(change)); }

  // As Trainer::Advance; ends as well where a change cannot be made.
  Trainer::Next Advance(RunSink& sink);

  // Of all changes, those that have acted.
  int64_t changes_made() const { return static_cast<int64_t>(made_); }

  // Why a change could not be made; nothing but this may be asked for then.
  const absl::Status& failure() const { return failure_; }

  void StopSoon(StopReason reason) { trainer_->StopSoon(reason); }
  Checkpoint Snapshot() const { return trainer_->Snapshot(); }
  const RunPlan& plan() const { return trainer_->plan(); }
  int roll_backs() const { return trainer_->roll_backs(); }
  bool closing() const { return trainer_->closing(); }
  int64_t next_update() const { return trainer_->next_update(); }
  int64_t step() const { return trainer_->step(); }
  int64_t examples() const { return trainer_->examples(); }
  int64_t clipped_steps() const { return trainer_->clipped_steps(); }
  const RunEnd& end() const { return trainer_->end(); }

 private:
  SteeredTrainer(TrainingData data, Crew* crew) : data_(std::move(data)), crew_(crew) {}

  bool ChangeIsDue() const { return made_ < changes_.size() && Reached(changes_[made_]) && trainer_->BeforeUpdate(); }
  bool Reached(const OptionsChange& change) const {
    return change.roll_backs <= trainer_->roll_backs() && change.step <= trainer_->step();
  }
  absl::Status MakeDueChanges();

  const TrainingData data_;
  Crew* const crew_;
  std::vector<OptionsChange> changes_;
  size_t made_ = 0;  // of changes_, those that have acted
  std::unique_ptr<Trainer> trainer_;
  absl::Status failure_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_STEERED_TRAINER_H_
