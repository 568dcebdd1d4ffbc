// The Trainer for one precision.

#ifndef TRAINYARD_CORE_TRAIN_TYPED_TRAINER_H_
#define TRAINYARD_CORE_TRAIN_TYPED_TRAINER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/data/minibatches.h"
#include "core/data/read_ahead.h"
#include "core/loss/loss.h"
#include "core/model/dataset_objective.h"
#include "core/model/evaluator.h"
#include "core/optim/momentum_schedule.h"
#include "core/optim/optimizer.h"
#include "core/optim/schedule.h"
#include "core/train/budget.h"
#include "core/train/early_stopping.h"
#include "core/train/overflow_guard.h"
#include "core/train/trainer.h"

namespace trainyard {

template <typename Real>
class TypedTrainer final : public Trainer {
 public:
  // What a run is made of; see Make.
  struct Parts {
    RunPlan plan;
    TrainingData data;
    std::unique_ptr<const Loss<Real>> loss;
    std::unique_ptr<Schedule> schedule;
    std::unique_ptr<const MomentumSchedule> momentum;
    RowEncoder training;
    RowEncoder validation;
    RowEncoder test;
    Crew* crew;
  };

  static absl::StatusOr<std::unique_ptr<Trainer>> Make(RunPlan plan, const TrainingData& data,
                                                       const Checkpoint* checkpoint, Crew* crew);

  explicit TypedTrainer(Parts parts);

  Next Advance(RunSink& sink) override;
  void StopSoon(StopReason reason) override;
  Checkpoint Snapshot() const override;
  const RunPlan& plan() const override { return parts_.plan; }
  bool BeforeUpdate() const override;
  bool closing() const override { return stop_.has_value(); }
  int roll_backs() const override { return roll_backs_; }
  int64_t next_update() const override { return minibatch_begun_ ? step_ + 1 : step_; }
  int64_t step() const override { return step_; }
  int64_t examples() const override { return minibatches_.ExamplesBefore(step_); }
  int64_t clipped_steps() const override { return clipped_steps_; }
  const RunEnd& end() const override { return *end_; }

 private:
  // A measurement of one part of the data under way.
  struct Measurement {
    Part part = Part::kValidation;
    size_t rows_done = 0;
    MetricSums sums;
  };

  absl::Status Restore(const Checkpoint& checkpoint);
  absl::Status RestorePlace(const Checkpoint& checkpoint);
  Checkpoint PlaceOfRun() const;
  void MarkPlaceToGoBackTo();
  void GoBack();
  absl::Status Initialize();
  void BeginGuard();

  void BeginMinibatch();
  void ReadWindowsAhead();

  // Units of work.
  void UnitBesideTraining(RunSink& sink);
  void TrainUnit(RunSink& sink);
  void MeasureUnit(RunSink& sink);
  void GradientNormUnit(RunSink& sink);
  void Finish();

  void BeginMeasurement(Part part);
  bool EvaluationIsDue() const;
  bool CheckpointIsDue() const;
  void NoteLimit() {
    if (limit_.has_value() && step_ >= limit_->steps) StopSoon(limit_->reason);
  }
  UpdatesMade Made() const { return {.step = step_, .clipped_steps = clipped_steps_, .clipped_step = clipped_step_}; }
  void SetMade(const UpdatesMade& made);
  void NoteClipping(RunSink& sink);
  void Diverged(RunSink& sink);
  void TellEvaluation(RunSink& sink);
  void TellReduction(RunSink& sink);
  EvaluationReport Report() const;

  // What the model would hold if the run ended now, and in which parameters it is measured.
  bool HoldsBest() const { return best_.has_value(); }
  std::span<const Real> HeldParameters();

  // Writes the parameters of step_ into theta_, where the optimiser keeps them lazily.
  void Materialize();

  std::string LogicalBytes(std::span<const Real> flat) const;
  absl::Status FromLogicalBytes(std::string_view bytes, std::span<Real> flat) const;

  Parts parts_;
  const std::optional<StepLimit> limit_;
  const int64_t steps_between_evaluations_;
  Minibatches minibatches_;
  std::optional<ReadAhead> read_ahead_;  // of minibatches that come in windows
  DatasetObjective<Real> objective_;
  Evaluator<Real> evaluator_;
  AlignedVector<Real> theta_;  // of step_, but for an optimiser that keeps parameters lazily: see Materialize
  std::unique_ptr<Optimizer<Real>> optimizer_;
  OverflowGuard<Real> guard_;
  std::optional<EarlyStopping> stopping_;
  std::optional<BestParameters> best_;

  double learning_rate_factor_ = 1;
  int roll_backs_ = 0;
  std::optional<Checkpoint> roll_back_to_;

  int64_t materialized_step_ = -1;
  bool theta_is_last_finite_ = false;  // the optimiser's own parameters are not finite

  int64_t step_ = 0;
  int64_t clipped_steps_ = 0;
  int64_t clipped_step_ = -1;
  bool target_reached_ = false;
  int64_t evaluated_step_ = -1;
  int64_t changes_made_ = 0;
  int64_t saved_step_ = -1;
  bool minibatch_begun_ = false;
  std::optional<Measurement> measurement_;

  // Once set, the run closes: the gradient norm of an early stop, the test part, the end.
  std::optional<StopReason> stop_;
  int64_t diverged_step_ = 0;
  bool gradient_norm_begun_ = false;
  bool gradient_norm_told_ = false;
  bool test_measured_ = false;
  AlignedVector<Real> held_;  // the best parameters, unpacked for the test part
  std::optional<RunEnd> end_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_TYPED_TRAINER_H_
