// A small run, and a sink that records what it tells.

#ifndef TRAINYARD_TESTS_CORE_TRAIN_RECORDED_RUN_H_
#define TRAINYARD_TESTS_CORE_TRAIN_RECORDED_RUN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/train/trainer.h"
#include "gmock/gmock.h"
#include "tests/testing/small_data.h"

namespace trainyard {

inline constexpr int64_t kMemory = int64_t{1} << 30;

// What a run told, as text.
class RecordingSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override {
    steps.push_back(metrics);
    story.push_back(absl::StrCat("step ", metrics.step));
  }
  void Tell(const RunEvent& event) override {
    events.push_back(event);
    if (const auto* evaluation = std::get_if<EvaluationReport>(&event)) {
      story.push_back(
          absl::StrCat("evaluation of part ", static_cast<int>(evaluation->part), " at ", evaluation->step));
    } else if (const auto* stop = std::get_if<EarlyStopReport>(&event)) {
      story.push_back(absl::StrCat("early stop at ", stop->step, ", best ", stop->best_step));
    } else if (const auto* divergence = std::get_if<DivergenceReport>(&event)) {
      story.push_back(absl::StrCat("divergence at ", divergence->step));
    } else if (const auto* clipping = std::get_if<ClippingReport>(&event)) {
      story.push_back(absl::StrCat("clipping at ", clipping->step));
    }
  }
  void BeginAttempt(Checkpoint checkpoint) override {
    story.push_back(absl::StrCat("attempt from ", checkpoint.step));
    attempts.push_back(std::move(checkpoint));
  }
  void Save(Checkpoint checkpoint) override {
    story.push_back(absl::StrCat("save ", checkpoint.step));
    saved.push_back(std::move(checkpoint));
  }

  std::vector<StepMetrics> steps;
  std::vector<RunEvent> events;
  std::vector<Checkpoint> saved;
  std::vector<Checkpoint> attempts;
  std::vector<std::string> story;
};

inline TrainingOptions Options() {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.data.validation = 0.2;
  options.data.test = 0.2;
  options.network.hidden = {DenseOptions{6, Tanh()}};
  options.optimizer.learning_rate = 0.05;
  options.minibatches.batch = int64_t{16};
  options.budget.steps = 8;
  return options;
}

inline TrainingData Data() { return {.training = MakeSmallDataset(100, 4, 3)}; }

inline std::unique_ptr<Trainer> MakeOn(const TrainingData& data, const TrainingOptions& options,
                                       const Checkpoint* checkpoint = nullptr) {
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, kMemory);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = MakeTrainer(*std::move(plan), data, checkpoint);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

inline std::unique_ptr<Trainer> Make(const TrainingOptions& options, const Checkpoint* checkpoint = nullptr) {
  return MakeOn(Data(), options, checkpoint);
}

inline void RunToEnd(Trainer& trainer, RunSink& sink) {
  while (trainer.Advance(sink) == Trainer::Next::kMore) {
  }
}

// Runs to the end; what it could be taken up from, before the first unit and after each.
inline std::vector<Checkpoint> SnapshotsOf(Trainer& run, RecordingSink& told) {
  std::vector<Checkpoint> snapshots = {run.Snapshot()};
  while (run.Advance(told) == Trainer::Next::kMore) snapshots.push_back(run.Snapshot());
  return snapshots;
}

// A run that is taken up from `checkpoint`, written and read again, ends as `whole` has.
inline void ExpectToEndAs(const Trainer& whole, const TrainingOptions& options, const Checkpoint& checkpoint) {
  const absl::StatusOr<Checkpoint> stored = DecodeCheckpoint(EncodeCheckpoint(checkpoint));
  ASSERT_TRUE(stored.ok()) << stored.status();
  const std::unique_ptr<Trainer> resumed = Make(options, &*stored);
  RecordingSink sink;
  RunToEnd(*resumed, sink);
  EXPECT_EQ(resumed->Snapshot(), whole.Snapshot()) << "from step " << checkpoint.step;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_TRAIN_RECORDED_RUN_H_
