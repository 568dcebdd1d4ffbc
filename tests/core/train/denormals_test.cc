// Numbers below the least normal one are 0 in all that a run is, whichever thread asks.

#include "core/base/flush_denormals.h"
#include "core/data/dataset_builder.h"
#include "tests/core/train/recorded_run.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

// A large penalty takes weights that no example reaches for a while below the least normal number.
TEST(DenormalsTest, AStateThatIsAskedForHasTheBitsOfOneThatTheRunSaves) {
  const TrainingData data = {.training =
                                 sparse_run::Open(sparse_run::MakeSample(300, 5000, 6, 2).Libsvm(), Format::kLibsvm)};
  for (const UpdateRuleOptions& rule : {UpdateRuleOptions(SgdOptions()), UpdateRuleOptions(MomentumOptions{0.5})}) {
    TrainingOptions options = Options();
    options.data.validation = std::monostate();
    options.data.test = std::monostate();
    options.network.hidden.clear();
    options.optimizer.rule = rule;
    options.optimizer.learning_rate = 0.5;
    options.regularization.l2 = 0.8;
    options.minibatches = {.batch = int64_t{1}, .order = InOrder()};
    options.budget.steps = 200;
    options.checkpoints.every_steps = 10;
    const std::unique_ptr<Trainer> trainer = MakeOn(data, options);
    RecordingSink sink;
    size_t saved = 0;
    while (trainer->Advance(sink) == Trainer::Next::kMore) {
      if (sink.saved.size() == saved) continue;
      saved = sink.saved.size();
      EXPECT_EQ(trainer->Snapshot(), sink.saved.back()) << "at step " << trainer->step();
    }
    EXPECT_EQ(saved, 20u);
  }
}

TEST(DenormalsTest, APlanIsTheSameOnEveryThread) {
  DatasetBuilder builder(Schema{.columns = {{.name = "x"}, {.name = "y", .role = ColumnRole::kTarget}}});
  for (const double x : {1e-310, 3e-310, 4e-310, 9e-310}) builder.AddRow(std::vector<double>{x, 1});
  const TrainingData data = {.training = std::move(builder).Build()};
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.minibatches.batch = FullBatch();
  const absl::Status here = PlanRun(options, data, kMemory).status();
  const FlushDenormals as_on_a_worker;
  EXPECT_EQ(PlanRun(options, data, kMemory).status(), here);
}

TEST(DenormalsTest, AStartIsTheSameOnEveryThread) {
  TrainingOptions options = Options();
  options.initialization.weights = GaussianOptions{.deviation = 1e-39};
  const Checkpoint here = Make(options)->Snapshot();
  const FlushDenormals as_on_a_worker;
  EXPECT_EQ(Make(options)->Snapshot(), here);
}

}  // namespace
}  // namespace trainyard
