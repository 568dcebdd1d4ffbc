#include <cmath>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/loss/make_loss.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// A loss with targets and outputs to evaluate it on. A new loss joins this list.
struct LossCase {
  std::string name;
  LossOptions options;
  std::vector<std::string> classes;
};

std::vector<LossCase> EveryLoss() {
  return {{"Softmax", SoftmaxCrossEntropyOptions(), {"a", "b", "c"}},
          {"Logistic", LogisticOptions(), {"a", "b"}},
          {"LogisticOfTheFirstClass", LogisticOptions{.positive_class = "a"}, {"a", "b"}},
          {"Squared", SquaredOptions(), {}}};
}

TEST(LossListTest, HasEveryAlternative) {
  std::vector<bool> listed(std::variant_size_v<LossOptions>);
  for (const LossCase& loss : EveryLoss()) listed[loss.options.index()] = true;
  EXPECT_THAT(listed, ::testing::Each(true));
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

TEST_P(EveryLossTest, BothWaysOfSummingAgree) {
  std::vector<double> scratch = outputs_;
  EXPECT_EQ(loss_->SumAndGradient(1, outputs(scratch), targets()), loss_->Sum(outputs(outputs_), targets()));
}

TEST_P(EveryLossTest, AWeightOfTwoIsTheExampleTwice) {
  const double once = loss_->Sum(outputs(outputs_), targets());
  for (double& weight : weights_) weight *= 2;
  EXPECT_DOUBLE_EQ(loss_->Sum(outputs(outputs_), targets()), 2 * once);
}

TEST_P(EveryLossTest, ProbabilitiesSumToOne) {
  if (GetParam().classes.empty()) return;
  const int64_t class_count = static_cast<int64_t>(GetParam().classes.size());
  std::vector<double> predictions(kRows * class_count);
  loss_->Predict(outputs(outputs_), {predictions.data(), kRows, class_count, class_count});
  for (int64_t i = 0; i < kRows; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < class_count; ++j) sum += predictions[i * class_count + j];
    EXPECT_NEAR(sum, 1, 1e-15);
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, EveryLossTest, ::testing::ValuesIn(EveryLoss()),
                         [](const auto& test) { return test.param.name; });

double One(const LossOptions& options, const std::vector<std::string>& classes, std::vector<double> outputs,
           int32_t truth, double number) {
  const auto loss = *MakeLoss<double>(options, {classes});
  std::vector<double> weights = {1};
  std::vector<int32_t> labels;
  std::vector<double> numbers;
  if (classes.empty()) {
    numbers.push_back(number);
  } else {
    labels.push_back(truth);
  }
  const int64_t width = static_cast<int64_t>(outputs.size());
  return loss->Sum({outputs.data(), 1, width, width}, TargetBuffer{labels, numbers, weights});
}

TEST(SoftmaxCrossEntropyTest, EqualOutputsCostTheLogarithmOfTheClasses) {
  EXPECT_DOUBLE_EQ(One(SoftmaxCrossEntropyOptions(), {"a", "b", "c"}, {7, 7, 7}, 1, 0), std::log(3));
}

TEST(SoftmaxCrossEntropyTest, LargeOutputsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(One(SoftmaxCrossEntropyOptions(), {"a", "b"}, {1000, 0}, 1, 0), 1000);
}

TEST(LogisticTest, IsLogOnePlusExpOfMinusTheMargin) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1.5}, 1, 0), std::log(1 + std::exp(-1.5)));
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1.5}, 0, 0), std::log(1 + std::exp(1.5)));
}

TEST(LogisticTest, LargeMarginsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {-1000}, 1, 0), 1000);
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1000}, 1, 0), 0);
}

TEST(LogisticTest, ThePositiveClassIsTheOneNamed) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions{.positive_class = "a"}, {"a", "b"}, {1.5}, 0, 0), std::log(1 + std::exp(-1.5)));
}

TEST(SquaredTest, IsHalfTheSquaredError) { EXPECT_DOUBLE_EQ(One(SquaredOptions(), {}, {3}, 0, 1), 0.5 * 4); }

std::string Refusal(const LossOptions& options, const std::vector<std::string>& classes) {
  return std::string(MakeLoss<float>(options, {classes}).status().message());
}

TEST(MakeLossTest, RefusesALossThatDoesNotFitTheTarget) {
  EXPECT_EQ(Refusal(SquaredOptions(), {"a", "b"}),
            "loss = squared, must be a loss for classes: the target is categorical");
  EXPECT_EQ(Refusal(SoftmaxCrossEntropyOptions(), {}),
            "loss = softmax_cross_entropy, must be a loss for numbers: the target is numeric");
  EXPECT_EQ(Refusal(LogisticOptions(), {"a", "b", "c"}),
            "loss = logistic, must be a loss for the target's 3 classes, as softmax_cross_entropy is");
}

TEST(MakeLossTest, RefusesAPositiveClassThatTheTargetDoesNotHave) {
  EXPECT_EQ(Refusal(LogisticOptions{.positive_class = "c"}, {"a", "b"}),
            "loss.logistic.positive_class = c, must be one of a, b");
}

}  // namespace
}  // namespace trainyard
