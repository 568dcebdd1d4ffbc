#include "core/loss/best_constant.h"

#include <cmath>
#include <memory>

#include "core/loss/make_loss.h"
#include "gmock/gmock.h"
#include "tests/testing/every_loss.h"

namespace trainyard {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

struct Examples {
  std::vector<int32_t> classes;
  std::vector<double> numbers;
  std::vector<double> weights;

  Targets targets() const {
    Targets view;
    view.classes = classes;
    view.numbers = numbers;
    view.weights = weights;
    return view;
  }
};

TEST(BestConstantTest, LogFrequenciesAreWeighted) {
  const Examples examples{.classes = {0, 1, 2, 1}, .weights = {1, 0.5, 2, 0.5}};
  EXPECT_THAT(LogFrequencies(examples.targets(), 3),
              ElementsAre(DoubleEq(std::log(0.25)), DoubleEq(std::log(0.25)), DoubleEq(std::log(0.5))));
}

TEST(BestConstantTest, AClassWithoutWeightCountsAsHalfAnExample) {
  const Examples examples{.classes = {0, 0, 1}, .weights = {1.5, 1.5, 0}};
  EXPECT_THAT(LogFrequencies(examples.targets(), 2), ElementsAre(0.0, DoubleEq(std::log(0.5 / 3))));
  EXPECT_DOUBLE_EQ(LogOdds(examples.targets(), 1), std::log(0.5 / 3));
}

TEST(BestConstantTest, LogOddsAreThoseOfThePositiveClass) {
  const Examples examples{.classes = {0, 1, 1, 1}, .weights = {1, 1, 1, 1}};
  EXPECT_DOUBLE_EQ(LogOdds(examples.targets(), 1), std::log(3.0));
  EXPECT_DOUBLE_EQ(LogOdds(examples.targets(), 0), -std::log(3.0));
}

TEST(BestConstantTest, MeanAndItsLogarithmAreWeighted) {
  const Examples examples{.numbers = {1, 4}, .weights = {0.5, 1.5}};
  EXPECT_DOUBLE_EQ(Mean(examples.targets()), 3.25);
  EXPECT_DOUBLE_EQ(LogMean(examples.targets()), std::log(3.25));
}

TEST(BestConstantTest, AMeanOfZeroCountsAsHalfAnExample) {
  const Examples examples{.numbers = {0, 0}, .weights = {1, 1}};
  EXPECT_DOUBLE_EQ(LogMean(examples.targets()), std::log(0.25));
}

TEST(BestConstantTest, TheMedianIsTheLowerOneAndWeighted) {
  EXPECT_EQ(Median(Examples{.numbers = {5, 1, 3}, .weights = {1, 1, 1}}.targets()), 3);
  EXPECT_EQ(Median(Examples{.numbers = {5, 1, 3, 4}, .weights = {1, 1, 1, 1}}.targets()), 3);
  EXPECT_EQ(Median(Examples{.numbers = {5, 1, 3}, .weights = {2, 0.5, 0.5}}.targets()), 5);
  EXPECT_EQ(Median(Examples{.numbers = {-7, 1, 3}, .weights = {0, 1.5, 1.5}}.targets()), 1);
}

TEST(BestConstantTest, AQuantileIsTheLeastNumberWithItsShareOfTheWeight) {
  const Examples tenths{.numbers = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, .weights = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
  EXPECT_EQ(Quantile(tenths.targets(), 0.05), 0);
  EXPECT_EQ(Quantile(tenths.targets(), 0.85), 8);
  EXPECT_EQ(Quantile(Examples{.numbers = {5, 1, 3}, .weights = {2, 0.5, 0.5}}.targets(), 0.3), 3);
}

TEST(BestConstantTest, OfNoExamplesItIsZero) {
  EXPECT_THAT(LogFrequencies({}, 2), ElementsAre(0, 0));
  EXPECT_EQ(LogOdds({}, 1), 0);
  EXPECT_EQ(Mean({}), 0);
  EXPECT_EQ(LogMean({}), 0);
  EXPECT_EQ(Median({}), 0);
}

// No output nearby, the same for all examples, has less loss.
void ExpectLeast(const LossOptions& options, const TargetShape& shape, const Examples& examples) {
  const auto loss = *MakeLoss<double>(options, shape);
  const absl::StatusOr<std::vector<double>> best = loss->BestConstant(examples.targets());
  if (!best.ok()) return;
  ASSERT_EQ(static_cast<int64_t>(best->size()), loss->output_count());
  const auto loss_at = [&](const std::vector<double>& constant) {
    std::vector<double> outputs;
    for (size_t i = 0; i < examples.weights.size(); ++i)
      outputs.insert(outputs.end(), constant.begin(), constant.end());
    const int64_t width = loss->output_count();
    return loss->Sum({outputs.data(), static_cast<int64_t>(examples.weights.size()), width, width}, examples.targets());
  };
  const double least = loss_at(*best);
  for (size_t j = 0; j < best->size(); ++j) {
    for (const double change : {-0.1, -1e-3, 1e-3, 0.1}) {
      std::vector<double> other = *best;
      other[j] += change;
      EXPECT_GE(loss_at(other), least - 1e-12) << options.index() << " " << j << " " << change;
    }
  }
}

TEST(BestConstantTest, NoOtherConstantHasLessLoss) {
  const Examples three{.classes = {0, 1, 2, 1, 1}, .weights = {1, 0.5, 2, 0.5, 1}};
  const Examples two{.classes = {0, 1, 1, 1, 0}, .weights = {1, 0.5, 2, 0.5, 1}};
  const Examples numbers{.numbers = {3, 1, 0, 2.5, 7}, .weights = {1, 0.5, 2, 0.5, 1}};
  for (const LossOptions& options : Alternatives<LossOptions>()) {
    // Its constant is the median, which only comes near.
    if (std::holds_alternative<HuberOptions>(options)) continue;
    if (MakeLoss<double>(options, {.classes = {"a", "b", "c"}}).ok()) {
      ExpectLeast(options, {.classes = {"a", "b", "c"}}, three);
    }
    if (MakeLoss<double>(options, {.classes = {"a", "b"}}).ok()) ExpectLeast(options, {.classes = {"a", "b"}}, two);
    if (MakeLoss<double>(options, {}).ok()) ExpectLeast(options, {}, numbers);
  }
}

}  // namespace
}  // namespace trainyard
