#include "core/train/steered_trainer.h"

#include <utility>

#include "core/base/status.h"
#include "core/train/adapt_checkpoint.h"

namespace trainyard {

absl::StatusOr<std::unique_ptr<SteeredTrainer>> SteeredTrainer::Make(RunPlan plan, std::vector<OptionsChange> changes,
                                                                     const TrainingData& data,
                                                                     const Checkpoint* checkpoint, Crew* crew) {
  std::unique_ptr<SteeredTrainer> run(new SteeredTrainer(data, crew));
  run->changes_ = std::move(changes);
  const int64_t made = checkpoint == nullptr ? 0 : checkpoint->changes_made;
  if (made < 0 || made > static_cast<int64_t>(run->changes_.size())) {
    return WithReason(absl::DataLossError("the checkpoint is of another run: it has seen other changes"),
                      "CHECKPOINT_DAMAGED");
  }
  run->made_ = static_cast<size_t>(made);
  if (made > 0) {
    ASSIGN_OR_RETURN(plan, Replan(std::move(plan), run->changes_[made - 1].options));
  }
  ASSIGN_OR_RETURN(run->trainer_, MakeTrainer(std::move(plan), data, checkpoint, crew));
  return run;
}

Trainer::Next SteeredTrainer::Advance(RunSink& sink) {
  if (ChangeIsDue()) {
    failure_ = MakeDueChanges();
    if (!failure_.ok()) return Trainer::Next::kEnded;
  }
  return trainer_->Advance(sink);
}

// Of changes at the same update the last holds.
absl::Status SteeredTrainer::MakeDueChanges() {
  while (made_ < changes_.size() && Reached(changes_[made_])) ++made_;
  Checkpoint checkpoint = trainer_->Snapshot();
  RunPlan plan = trainer_->plan();
  trainer_.reset();  // its memory is the next one's
  const TrainingOptions then = plan.options;
  ASSIGN_OR_RETURN(plan, Replan(std::move(plan), changes_[made_ - 1].options));
  const auto make_fresh = [&]() -> absl::StatusOr<Checkpoint> {
    ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> fresh, MakeTrainer(plan, data_, nullptr, crew_));
    return fresh->Snapshot();
  };
  ASSIGN_OR_RETURN(checkpoint, AdaptCheckpoint(std::move(checkpoint), then, plan.options, make_fresh));
  checkpoint.changes_made = static_cast<int64_t>(made_);
  ASSIGN_OR_RETURN(trainer_, MakeTrainer(std::move(plan), data_, &checkpoint, crew_));
  return absl::OkStatus();
}

}  // namespace trainyard
