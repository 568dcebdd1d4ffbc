#include "core/train/initial_parameters.h"

#include <cmath>
#include <map>

#include "core/base/status.h"
#include "core/train/layer_statistics.h"
#include "core/train/step_probe.h"
#include "gmock/gmock.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

constexpr int64_t kMemory = int64_t{1} << 30;

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override { steps.push_back(metrics); }
  void Tell(const RunEvent&) override {}
  void Save(Checkpoint) override {}
  void BeginAttempt(Checkpoint) override {}

  std::vector<StepMetrics> steps;
};

// The whole data set is the training part, a step sees all of it.
TrainingOptions Options(Precision precision = Precision::kF64) {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.network.hidden = {DenseOptions{6, Tanh()}};
  options.minibatches = {.batch = FullBatch(), .order = InOrder()};
  options.budget.steps = 1;
  options.precision = precision;
  return options;
}

absl::StatusOr<std::unique_ptr<Trainer>> TryMake(const TrainingOptions& options, const TrainingData& data) {
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, kMemory);
  if (!plan.ok()) return plan.status();
  return MakeTrainer(*std::move(plan), data, nullptr);
}

std::unique_ptr<Trainer> Make(const TrainingOptions& options, const TrainingData& data) {
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = TryMake(options, data);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

// In logical order.
std::vector<double> Parameters(const Trainer& trainer) {
  const std::string bytes = trainer.Snapshot().parameters;
  const auto* values = reinterpret_cast<const double*>(bytes.data());
  return {values, values + bytes.size() / sizeof(double)};
}

double FirstLoss(const TrainingOptions& options, const TrainingData& data) {
  const std::unique_ptr<Trainer> trainer = Make(options, data);
  SilentSink sink;
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  return sink.steps.at(0).loss;
}

TEST(InitialParametersTest, ConstantBiasesAreThoseOfHiddenUnitsAlone) {
  TrainingOptions options = Options();
  options.initialization.biases = ConstantBiasesOptions{.value = 0.25};
  const std::vector<double> theta = Parameters(*Make(options, {.training = MakeSmallDataset(50, 4, 3)}));
  for (int i = 24; i < 30; ++i) EXPECT_EQ(theta[i], 0.25);
  for (size_t i = theta.size() - 3; i < theta.size(); ++i) EXPECT_EQ(theta[i], 0);
}

TEST(InitialParametersTest, ZeroOutputWeightsAreThoseOfTheOutputAlone) {
  TrainingOptions options = Options();
  options.initialization.output_weights.emplace();
  const std::vector<double> theta = Parameters(*Make(options, {.training = MakeSmallDataset(50, 4, 3)}));
  for (int i = 0; i < 24; ++i) EXPECT_NE(theta[i], 0);
  for (size_t i = 30; i < theta.size(); ++i) EXPECT_EQ(theta[i], 0);
}

TEST(InitialParametersTest, ATensorDoesNotDependOnTheOthers) {
  const TrainingData data{.training = MakeSmallDataset(50, 4, 3)};
  TrainingOptions options = Options();
  options.initialization.weights = GaussianOptions();
  const std::vector<double> narrow = Parameters(*Make(options, data));
  options.network.hidden.push_back(DenseOptions{5, Tanh()});
  const std::vector<double> deep = Parameters(*Make(options, data));
  EXPECT_TRUE(std::equal(narrow.begin(), narrow.begin() + 30, deep.begin()));
}

// Entropy of the labels in nats.
double Entropy(const Dataset& dataset, int target) {
  std::map<int64_t, double> counts;
  const double n = static_cast<double>(dataset.row_count());
  const Column& column = dataset.schema().columns[target];
  double entropy = 0;
  for (const Category& category : column.categories) {
    const double p = static_cast<double>(category.count) / n;
    if (p > 0) entropy -= p * std::log(p);
  }
  return entropy;
}

TrainingOptions ConstantStart() {
  TrainingOptions options = Options();
  options.initialization.output_biases.emplace();
  options.initialization.output_weights.emplace();
  return options;
}

TEST(InitialParametersTest, WithMarginalBiasesSoftmaxBeginsAtTheEntropyOfTheLabels) {
  const TrainingData data{.training = MakeSmallDataset(100, 4, 3)};
  EXPECT_NEAR(FirstLoss(ConstantStart(), data), Entropy(*data.training, 4), 1e-12);
}

TEST(InitialParametersTest, WithMarginalBiasesLogisticBeginsAtTheEntropyOfTheLabels) {
  const TrainingData data{.training = MakeSmallDataset(100, 4, 2)};
  TrainingOptions options = ConstantStart();
  for (const char* positive : {"c0", "c1"}) {
    options.loss = LogisticOptions{.positive_class = positive};
    EXPECT_NEAR(FirstLoss(options, data), Entropy(*data.training, 4), 1e-12) << positive;
  }
}

TEST(InitialParametersTest, WithMarginalBiasesSquaredBeginsAtHalfTheVariance) {
  // The target is the only feature itself.
  const TrainingData data{.training = MakeSmallDataset(100, 1, 0)};
  const RunPlan plan = *PlanRun(ConstantStart(), data, kMemory);
  const double deviation = 1 / plan.encoding.features[0].scale;
  EXPECT_NEAR(FirstLoss(ConstantStart(), data), deviation * deviation / 2, 1e-12);
}

TEST(InitialParametersTest, MarginalBiasesAreOfTheTrainingPart) {
  const TrainingData data{.training = MakeSmallDataset(100, 4, 0)};
  TrainingOptions options = ConstantStart();
  options.data.validation = 0.5;
  EXPECT_NE(Parameters(*Make(options, data)).back(), Parameters(*Make(ConstantStart(), data)).back());
}

TEST(InitialParametersTest, UnitsThatStartEqualStayEqual) {
  TrainingOptions options = Options();
  options.budget.steps = 50;
  options.network.hidden = {DenseOptions{2, Tanh()}};
  options.initial_state.parameters = {
      {.name = "layers.0.weight", .shape = {4, 2}, .values = {1, 1, -0.5, -0.5, 0.2, 0.2, 2, 2}},
      {.name = "layers.1.weight", .shape = {2, 3}, .values = {1, 2, 3, 1, 2, 3}}};
  const std::unique_ptr<Trainer> trainer = Make(options, {.training = MakeSmallDataset(50, 4, 3)});
  const std::vector<double> before = Parameters(*trainer);
  SilentSink sink;
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  const std::vector<double> after = Parameters(*trainer);
  EXPECT_NE(after, before);
  for (int input = 0; input < 5; ++input) EXPECT_EQ(after[2 * input], after[2 * input + 1]);
  for (int unit = 10; unit < 13; ++unit) EXPECT_EQ(after[unit], after[unit + 3]);
}

TEST(InitialParametersTest, OrthogonalWeightsInSinglePrecisionAreOrthonormal) {
  TrainingOptions options = Options(Precision::kF32);
  options.network.hidden = {DenseOptions{40, Tanh()}, DenseOptions{40, Tanh()}};
  options.initialization.weights = OrthogonalOptions();
  const std::string bytes = Make(options, {.training = MakeSmallDataset(50, 4, 3)})->Snapshot().parameters;
  const auto* w = reinterpret_cast<const float*>(bytes.data()) + 5 * 40;
  for (int a = 0; a < 40; ++a) {
    for (int b = 0; b < 40; ++b) {
      double product = 0;
      for (int i = 0; i < 40; ++i) product += double{w[i * 40 + a]} * double{w[i * 40 + b]};
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-6);
    }
  }
}

TEST(InitialParametersTest, ZeroWeightsNeedANetworkWithoutHiddenLayers) {
  TrainingOptions options = Options();
  options.initialization.weights = ZeroWeightsOptions();
  EXPECT_EQ(ErrorField(Validate(options)), "initialization.zero_weights");
  options.network.hidden.clear();
  EXPECT_TRUE(Validate(options).ok());
}

TEST(InitialParametersTest, AWarmStartTakesThePlaceOfGivenParameters) {
  TrainingOptions options = Options();
  options.warm_start = WarmStartOptions{.source = "models/1"};
  EXPECT_TRUE(Validate(options).ok());
  options.initial_state.parameters = {{.name = "layers.1.bias", .shape = {1}, .values = {0}}};
  EXPECT_EQ(ErrorField(Validate(options)), "initial_state.parameters");
  options.initial_state.parameters.clear();
  options.warm_start->source = CheckpointSource{.job = "jobs/1", .step = -1};
  EXPECT_EQ(ErrorField(Validate(options)), "warm_start.checkpoint.step");
}

// Losses without a best constant among the target's statistics refuse; which these are, each loss says.
TEST(InitialParametersTest, ALossWithoutABestConstantRefusesMarginalBiases) {
  class NoBest final : public Loss<double> {
    int64_t output_count() const override { return 1; }
    double Sum(MatrixView<const double>, const Targets&) const override { return 0; }
    double SumAndGradient(double, MatrixView<double>, const Targets&) const override { return 0; }
    void Predict(MatrixView<const double>, MatrixView<double>) const override {}
  };
  TrainingOptions options = Options();
  EXPECT_TRUE(CheckOutputBiases<double>(options, NoBest()).ok());
  options.initialization.output_biases.emplace();
  EXPECT_EQ(ErrorField(CheckOutputBiases<double>(options, NoBest())), "initialization.marginal_output_biases");
}

std::vector<LayerStatistics> Layers(const TrainingOptions& options, const TrainingData& data) {
  const std::unique_ptr<Trainer> trainer = Make(options, data);
  absl::StatusOr<std::vector<LayerStatistics>> layers = MeasureLayers(trainer->plan(), data, trainer->Snapshot());
  EXPECT_TRUE(layers.ok()) << layers.status();
  return *std::move(layers);
}

TEST(LayerStatisticsTest, AreThoseOfALinearModelByHand) {
  // Outputs are b + w x; gradients (b + w x - y) / m.
  const TrainingData data{.training = MakeSmallDataset(100, 1, 0)};
  TrainingOptions options = Options();
  options.network.hidden.clear();
  options.initial_state.parameters = {{.name = "layers.0.weight", .shape = {1, 1}, .values = {3}},
                                      {.name = "layers.0.bias", .shape = {1}, .values = {0.5}}};
  const std::vector<LayerStatistics> layers = Layers(options, data);
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].layer, "layers.0");
  // The feature is standardised, and the target is the feature itself, of deviation s: y = mean + s x.
  EXPECT_NEAR(layers[0].activation_mean, 0.5, 1e-12);
  EXPECT_NEAR(layers[0].activation_variance, 9, 1e-12);
  const RunPlan plan = *PlanRun(options, data, kMemory);
  const double s = 1 / plan.encoding.features[0].scale;
  EXPECT_NEAR(layers[0].gradient_variance, (3 - s) * (3 - s) / 1e4, 1e-15);
}

TEST(LayerStatisticsTest, OfManyExamplesTheFirst256Count) {
  TrainingOptions options = Options();
  options.data.encoding.scaling = Scaling::kNone;
  const std::vector<LayerStatistics> all = Layers(options, {.training = MakeSmallDataset(256, 4, 3)});
  const std::vector<LayerStatistics> more = Layers(options, {.training = MakeSmallDataset(1000, 4, 3)});
  ASSERT_EQ(all.size(), 2u);
  for (size_t l = 0; l < 2; ++l) {
    EXPECT_EQ(all[l].activation_mean, more[l].activation_mean);
    EXPECT_EQ(all[l].gradient_variance, more[l].gradient_variance);
  }
}

TrainingOptions TenTanhLayers(const WeightInitializerOptions& weights, Precision precision) {
  TrainingOptions options = Options(precision);
  options.network.hidden.assign(10, DenseOptions{100, Tanh()});
  options.initialization.weights = weights;
  return options;
}

TEST(LayerStatisticsTest, GlorotKeepsTheVarianceThroughTenTanhLayersAndSmallWeightsDoNot) {
  const TrainingData data{.training = MakeSmallDataset(300, 100, 0)};
  for (const Precision precision : {Precision::kF32, Precision::kF64}) {
    const std::vector<LayerStatistics> kept = Layers(TenTanhLayers(GlorotUniformOptions(), precision), data);
    const std::vector<LayerStatistics> lost = Layers(TenTanhLayers(GaussianOptions(), precision), data);
    ASSERT_EQ(kept.size(), 11u);
    for (size_t l = 0; l < 10; ++l) EXPECT_GT(kept[l].activation_variance, 0.03) << l;
    EXPECT_GT(kept[0].gradient_variance, 0.01 * kept[9].gradient_variance);
    EXPECT_LT(lost[9].activation_variance, 1e-15);
    EXPECT_LT(lost[0].gradient_variance, 1e-12 * lost[9].gradient_variance);
  }
}

TEST(LayerStatisticsTest, AStateOfAnotherNetworkIsDataLoss) {
  const TrainingData data{.training = MakeSmallDataset(50, 4, 3)};
  const std::unique_ptr<Trainer> trainer = Make(Options(), data);
  Checkpoint state = trainer->Snapshot();
  state.parameters.resize(8);
  EXPECT_EQ(MeasureLayers(trainer->plan(), data, state).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(MakeStepProbe(trainer->plan(), data, state).status().code(), absl::StatusCode::kDataLoss);
}

TEST(StepProbeTest, StepsOverMoreExamplesThanThereAre) {
  const TrainingData data{.training = MakeSmallDataset(50, 4, 3)};
  for (const Precision precision : {Precision::kF32, Precision::kF64}) {
    const std::unique_ptr<Trainer> trainer = Make(Options(precision), data);
    const auto probe = MakeStepProbe(trainer->plan(), data, trainer->Snapshot());
    ASSERT_TRUE(probe.ok()) << probe.status();
    for (const int64_t size : {1, 50, 256, 1024}) (*probe)->Step(size);
    EXPECT_EQ(trainer->step(), 0);
  }
}

}  // namespace
}  // namespace trainyard
