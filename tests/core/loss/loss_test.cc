#include <cmath>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/loss/make_loss.h"
#include "gmock/gmock.h"
#include "tests/core/loss/one_example.h"
#include "tests/testing/every_loss.h"

namespace trainyard {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// And the logistic loss of the other class.
std::vector<LossCase> EveryLossAndClass() {
  std::vector<LossCase> cases = EveryLoss();
  cases.push_back({"LogisticOfTheFirstClass", LogisticOptions{.positive_class = "a"}, {"a", "b"}});
  return cases;
}

TEST(LossListTest, HasEveryAlternativeButZeroOne) {
  EXPECT_EQ(EveryLoss().size(), std::variant_size_v<LossOptions> - 1);
}

class EveryLossTest : public ::testing::TestWithParam<LossCase> {
 protected:
  static constexpr int64_t kRows = 5;

  EveryLossTest() : loss_(std::move(*MakeLoss<double>(GetParam().options, {GetParam().classes}))) {
    const RandomStream random(1, RandomPurpose::kInitialWeights, 0);
    for (int64_t i = 0; i < kRows * columns(); ++i) outputs_.push_back(4 * random.Uniform(i) - 2);
    for (int64_t i = 0; i < kRows; ++i) {
      weights_.push_back(0.5 + random.Uniform(1000 + i));
      if (GetParam().classes.empty()) {
        numbers_.push_back(4 * random.Uniform(2000 + i) - 2);
      } else {
        classes_.push_back(static_cast<int32_t>(i % GetParam().classes.size()));
      }
    }
  }

  int64_t columns() const { return loss_->output_count(); }
  MatrixView<double> outputs(std::vector<double>& data) { return {data.data(), kRows, columns(), columns()}; }
  Targets targets() { return TargetBuffer{classes_, numbers_, weights_}; }

  std::unique_ptr<const Loss<double>> loss_;
  std::vector<double> outputs_;
  std::vector<double> weights_;
  std::vector<double> numbers_;
  std::vector<int32_t> classes_;
};

// Whatever its loss would be: beyond all numbers, too.
TEST_P(EveryLossTest, AnExampleOfWeightZeroCountsNothing) {
  weights_[0] = 0;
  std::vector<double> gradient = outputs_;
  const double sum = loss_->SumAndGradient(1, outputs(gradient), targets());
  for (const double far : {-1e200, 1e200}) {
    for (int64_t j = 0; j < columns(); ++j) outputs_[j] = far * static_cast<double>(j + 1);
    std::vector<double> other = outputs_;
    EXPECT_EQ(loss_->Sum(outputs(outputs_), targets()), sum);
    EXPECT_EQ(loss_->SumAndGradient(1, outputs(other), targets()), sum);
    EXPECT_EQ(other, gradient);
  }
}

// The points are fixed draws. None is within a step of a kink: there the difference would be off by far more than it may.
TEST_P(EveryLossTest, TheGradientIsTheCentralDifference) {
  std::vector<double> gradient = outputs_;
  loss_->SumAndGradient(0.2, outputs(gradient), targets());
  for (size_t j = 0; j < outputs_.size(); ++j) {
    constexpr double kStep = 1e-6;
    std::vector<double> up = outputs_;
    std::vector<double> down = outputs_;
    up[j] += kStep;
    down[j] -= kStep;
    const double difference = (loss_->Sum(outputs(up), targets()) - loss_->Sum(outputs(down), targets())) / (2 * kStep);
    EXPECT_NEAR(gradient[j], 0.2 * difference, 1e-9);
  }
}

TEST_P(EveryLossTest, NoSlopeIsSteeperThanTheSteepest) {
  for (const double size : {0.1, 1.0, 30.0}) {
    std::vector<double> gradient = outputs_;
    for (double& f : gradient) f *= size;
    weights_.assign(kRows, 1);
    loss_->SumAndGradient(1, outputs(gradient), targets());
    for (const double slope : gradient) EXPECT_LE(std::abs(slope), loss_->steepest_slope());
  }
}

TEST_P(EveryLossTest, BothWaysOfSummingAgree) {
  std::vector<double> scratch = outputs_;
  EXPECT_EQ(loss_->SumAndGradient(1, outputs(scratch), targets()), loss_->Sum(outputs(outputs_), targets()));
}

TEST_P(EveryLossTest, AWeightOfTwoIsTheExampleTwice) {
  const double once = loss_->Sum(outputs(outputs_), targets());
  for (double& weight : weights_) weight *= 2;
  EXPECT_DOUBLE_EQ(loss_->Sum(outputs(outputs_), targets()), 2 * once);
}

TEST_P(EveryLossTest, ProbabilitiesSumToOneAndWithoutThemPredictionsAreScores) {
  if (GetParam().classes.empty()) return;
  const int64_t class_count = static_cast<int64_t>(GetParam().classes.size());
  std::vector<double> predictions(kRows * class_count);
  std::vector<double> scores(kRows * class_count);
  loss_->Predict(outputs(outputs_), {predictions.data(), kRows, class_count, class_count});
  loss_->Scores(outputs(outputs_), {scores.data(), kRows, class_count, class_count});
  if (!loss_->probabilistic()) {
    EXPECT_EQ(predictions, scores);
    return;
  }
  for (int64_t i = 0; i < kRows; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < class_count; ++j) sum += predictions[i * class_count + j];
    EXPECT_NEAR(sum, 1, 1e-15);
  }
}

TEST_P(EveryLossTest, AnOutputThatIsNotANumberIsNotHidden) {
  for (size_t j = 0; j < outputs_.size(); ++j) {
    std::vector<double> broken = outputs_;
    broken[j] = std::nan("");
    EXPECT_TRUE(std::isnan(loss_->Sum(outputs(broken), targets()))) << j;
  }
}

TEST_P(EveryLossTest, AHugeOutputGivesNoNaN) {
  for (const double huge : {-1e300, -1e5, 1e5, 1e300}) {
    std::vector<double> gradient(outputs_.size(), 0.0);
    for (size_t j = 0; j < gradient.size(); j += columns()) gradient[j] = huge;
    EXPECT_FALSE(std::isnan(loss_->SumAndGradient(1, outputs(gradient), targets())));
    for (const double g : gradient) EXPECT_FALSE(std::isnan(g)) << huge;
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, EveryLossTest, ::testing::ValuesIn(EveryLossAndClass()),
                         [](const auto& test) { return test.param.name; });

TEST(SoftmaxCrossEntropyTest, EqualOutputsCostTheLogarithmOfTheClasses) {
  EXPECT_DOUBLE_EQ(One(SoftmaxCrossEntropyOptions(), {"a", "b", "c"}, {7, 7, 7}, 1, 0), std::log(3));
}

TEST(SoftmaxCrossEntropyTest, LargeOutputsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(One(SoftmaxCrossEntropyOptions(), {"a", "b"}, {1000, 0}, 1, 0), 1000);
}

TEST(SquaredTest, IsHalfTheSquaredError) { EXPECT_DOUBLE_EQ(One(SquaredOptions(), {}, {3}, 0, 1), 0.5 * 4); }

// ---- Multiclass hinge

TEST(MulticlassHingeTest, IsOnePlusTheLargestWrongOutputMinusTheRightOne) {
  EXPECT_DOUBLE_EQ(One(MulticlassHingeOptions(), {"a", "b", "c"}, {2, 0.5, 1}, 1, 0), 1 + 2 - 0.5);
  EXPECT_THAT(Gradient(MulticlassHingeOptions(), {"a", "b", "c"}, {2, 0.5, 1}, 1, 0), ElementsAre(1, -1, 0));
}

TEST(MulticlassHingeTest, IsZeroFromAMarginOfOneOn) {
  for (const double right : {3.0, 3.5}) {
    EXPECT_EQ(One(MulticlassHingeOptions(), {"a", "b", "c"}, {2, 1, right}, 2, 0), 0);
    EXPECT_THAT(Gradient(MulticlassHingeOptions(), {"a", "b", "c"}, {2, 1, right}, 2, 0), ElementsAre(0, 0, 0));
  }
}

TEST(MulticlassHingeTest, OfEqualWrongOutputsTheFirstCounts) {
  EXPECT_THAT(Gradient(MulticlassHingeOptions(), {"a", "b", "c"}, {0, 0, 0}, 0, 0), ElementsAre(-1, 1, 0));
  EXPECT_THAT(Gradient(MulticlassHingeOptions(), {"a", "b", "c"}, {0, 0, 0}, 2, 0), ElementsAre(1, 0, -1));
}

// ---- Numbers

TEST(AbsoluteTest, IsTheDistanceWithSlopeZeroAtTheTarget) {
  EXPECT_DOUBLE_EQ(One(AbsoluteOptions(), {}, {3}, 0, 1), 2);
  EXPECT_DOUBLE_EQ(One(AbsoluteOptions(), {}, {-3}, 0, 1), 4);
  EXPECT_THAT(Gradient(AbsoluteOptions(), {}, {3}, 0, 1), ElementsAre(1));
  EXPECT_THAT(Gradient(AbsoluteOptions(), {}, {1}, 0, 1), ElementsAre(0));
  EXPECT_THAT(Gradient(AbsoluteOptions(), {}, {-3}, 0, 1), ElementsAre(-1));
}

TEST(HuberTest, IsQuadraticToDeltaAndLinearBeyond) {
  const HuberOptions huber{.delta = 2};
  EXPECT_DOUBLE_EQ(One(huber, {}, {1.5}, 0, 1), 0.125);
  EXPECT_DOUBLE_EQ(One(huber, {}, {3}, 0, 1), 2);
  EXPECT_DOUBLE_EQ(One(huber, {}, {6}, 0, 1), 2 * (5 - 1));
  EXPECT_THAT(Gradient(huber, {}, {1.5}, 0, 1), ElementsAre(0.5));
  EXPECT_THAT(Gradient(huber, {}, {3}, 0, 1), ElementsAre(2));
  EXPECT_THAT(Gradient(huber, {}, {-6}, 0, 1), ElementsAre(-2));
}

TEST(HuberTest, DeltaIsPositiveAndFinite) {
  EXPECT_TRUE(Validate(LossOptions(HuberOptions{.delta = 1e-3})).ok());
  for (const double delta : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const absl::Status status = Validate(LossOptions(HuberOptions{.delta = delta}));
    EXPECT_EQ(ErrorField(status), "huber.delta") << delta;
  }
}

TEST(PoissonTest, IsTheNegativeLogLikelihoodOfACountAndPredictsItsMean) {
  EXPECT_DOUBLE_EQ(One(PoissonOptions(), {}, {2}, 0, 3), std::exp(2) - 3 * 2);
  EXPECT_THAT(Gradient(PoissonOptions(), {}, {2}, 0, 3), ElementsAre(DoubleNear(std::exp(2) - 3, 1e-15)));
  std::vector<double> f = {2};
  double prediction = 0;
  (*MakeLoss<double>(PoissonOptions(), {}))->Predict(MatrixView<double>{f.data(), 1, 1, 1}, {&prediction, 1, 1, 1});
  EXPECT_DOUBLE_EQ(prediction, std::exp(2));
}

TEST(PoissonTest, AloneHasASmallestTarget) {
  for (const LossCase& loss : EveryLoss()) {
    const double smallest = (*MakeLoss<double>(loss.options, {loss.classes}))->smallest_target();
    EXPECT_EQ(smallest,
              std::holds_alternative<PoissonOptions>(loss.options) ? 0 : -std::numeric_limits<double>::infinity())
        << loss.name;
  }
}

// ---- Scores

TEST(ScoresTest, AreTheOutputsByClass) {
  EXPECT_THAT(Scores(SoftmaxCrossEntropyOptions(), {"a", "b", "c"}, {3, 1, 2}), ElementsAre(3, 1, 2));
  EXPECT_THAT(Scores(MulticlassHingeOptions(), {"a", "b", "c"}, {3, 1, 2}), ElementsAre(3, 1, 2));
}

TEST(ScoresTest, OnlyTheLikelihoodsOfClassesGiveProbabilities) {
  for (const LossCase& loss : EveryLoss()) {
    const bool likelihood = std::holds_alternative<SoftmaxCrossEntropyOptions>(loss.options) ||
                            std::holds_alternative<LogisticOptions>(loss.options);
    EXPECT_EQ((*MakeLoss<double>(loss.options, {loss.classes}))->probabilistic(), likelihood) << loss.name;
  }
}

// ---- Refusals

TEST(MakeLossTest, RefusesALossThatDoesNotFitTheTarget) {
  EXPECT_EQ(Refusal(SquaredOptions(), {"a", "b"}),
            "loss = squared, must be a loss for classes: the target is categorical");
  EXPECT_EQ(Refusal(SoftmaxCrossEntropyOptions(), {}),
            "loss = softmax_cross_entropy, must be a loss for numbers: the target is numeric");
  EXPECT_EQ(Refusal(LogisticOptions(), {"a", "b", "c"}),
            "loss = logistic, must be a loss for the target's 3 classes, as softmax_cross_entropy is");
}

TEST(MakeLossTest, RefusesEveryLossForTheOtherKindOfTarget) {
  for (const LossCase& loss : EveryLoss()) {
    const bool numeric = loss.classes.empty();
    EXPECT_THAT(Refusal(loss.options, numeric ? std::vector<std::string>{"a", "b"} : std::vector<std::string>()),
                ::testing::EndsWith(numeric ? "a loss for classes: the target is categorical"
                                            : "a loss for numbers: the target is numeric"))
        << loss.name;
  }
}

TEST(MakeLossTest, RefusesTheZeroOneLossWithTheReason) {
  for (const std::vector<std::string>& classes :
       {std::vector<std::string>{"a", "b"}, {"a", "b", "c"}, std::vector<std::string>()}) {
    EXPECT_EQ(
        Refusal(ZeroOneOptions(), classes),
        "loss.zero_one = set, must be a surrogate, such as logistic or hinge for two classes, softmax_cross_entropy "
        "or multiclass_hinge for more: the derivative of the zero-one loss is 0 wherever it has one; evaluations "
        "measure it as zero_one_error");
  }
}

TEST(MakeLossTest, RefusesAPositiveClassThatTheTargetDoesNotHave) {
  EXPECT_EQ(Refusal(SquaredHingeOptions{.positive_class = "c"}, {"a", "b"}),
            "loss.squared_hinge.positive_class = c, must be one of a, b");
  EXPECT_EQ(Refusal(LogisticOptions{.positive_class = "c"}, {"a", "b"}),
            "loss.logistic.positive_class = c, must be one of a, b");
}

}  // namespace
}  // namespace trainyard
