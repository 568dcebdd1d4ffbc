#include "core/loss/metric_sums.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Scores by class and row, and the classes that are true.
struct Classes {
  std::vector<double> scores;
  std::vector<int32_t> truth;
  std::vector<double> probabilities;  // empty: the loss gives none
};

std::vector<Metric> ForClasses() {
  std::vector<Metric> metrics;
  for (const Metric metric : kAllMetrics) {
    if (Fits(metric, true)) metrics.push_back(metric);
  }
  return metrics;
}

// Measures `examples` in blocks of `block_rows`.
MetricSums Measure(const MetricPlan& plan, const Classes& examples, int64_t block_rows) {
  const int64_t rows = static_cast<int64_t>(examples.truth.size());
  MetricSums sums(plan, rows);
  for (int64_t begin = 0; begin < rows; begin += block_rows) {
    const int64_t count = std::min(block_rows, rows - begin);
    const auto view = [&](const std::vector<double>& values) -> MatrixView<const double> {
      if (values.empty()) return {};
      return {values.data() + begin * plan.class_count, count, plan.class_count, plan.class_count};
    };
    Targets targets;
    targets.classes = std::span(examples.truth).subspan(begin, count);
    sums.Add({.scores = view(examples.scores), .probabilities = view(examples.probabilities), .targets = targets});
  }
  return sums;
}

double ValueOf(Metric metric, int class_count, const Classes& examples, int top_k = 2) {
  const MetricPlan plan{.metrics = {metric}, .class_count = class_count, .top_k = top_k};
  return Measure(plan, examples, 100).Value(metric);
}

double ValueOf(Metric metric, const std::vector<double>& predictions, const std::vector<double>& truth,
               int64_t block_rows = 10000) {
  const int64_t rows = static_cast<int64_t>(truth.size());
  MetricSums sums({.metrics = {metric}}, rows);
  for (int64_t begin = 0; begin < rows; begin += block_rows) {
    const int64_t count = std::min(block_rows, rows - begin);
    Targets targets;
    targets.numbers = std::span(truth).subspan(begin, count);
    sums.Add({.scores = {predictions.data() + begin, count, 1, 1}, .targets = targets});
  }
  return sums.Value(metric);
}

TEST(MetricSumsTest, AccuracyIsTheShareOfExamplesWhoseLargestScoreIsTheTrueClass) {
  const Classes examples{{0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.3, 0.7}, {0, 0, 0, 1}};
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kAccuracy, 2, examples), 3.0 / 4);
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kZeroOneError, 2, examples), 1.0 / 4);
}

TEST(MetricSumsTest, OfEqualScoresTheFirstClassIsPredicted) {
  EXPECT_EQ(ValueOf(Metric::kAccuracy, 2, {{0.5, 0.5}, {0}}), 1);
  EXPECT_EQ(ValueOf(Metric::kAccuracy, 2, {{0.5, 0.5}, {1}}), 0);
}

TEST(MetricSumsTest, LogLossIsTheMeanOfMinusLogOfTheProbabilityOfTheTrueClass) {
  const Classes examples{{3, 1, 1, 2}, {0, 1}, {0.9, 0.1, 0.2, 0.8}};
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kLogLoss, 2, examples), -(std::log(0.9) + std::log(0.8)) / 2);
}

TEST(MetricSumsTest, TopKAccuracyIsTheShareWhoseTrueClassIsAmongTheKLargest) {
  const Classes examples{{4, 3, 2, 1, 4, 3, 2, 1, 4, 3, 2, 1, 4, 3, 2, 1}, {0, 1, 2, 3}};
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 4, examples, 1), 0.25);
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 4, examples, 3), 0.75);
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 4, examples, 4), 1);
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 4, examples, 9), 1);
}

TEST(MetricSumsTest, OfEqualScoresTheFirstClassesAreAmongTheKLargest) {
  const Classes tied{{7, 7, 7, 7, 7, 7, 7, 7, 7}, {0, 1, 2}};
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kTopKAccuracy, 3, tied, 1), 1.0 / 3);
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kTopKAccuracy, 3, tied, 2), 2.0 / 3);
}

TEST(MetricSumsTest, AScoreThatIsNotANumberIsNotAmongTheKLargest) {
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 3, {{kNan, 1, 2}, {0}}, 2), 0);
  EXPECT_EQ(ValueOf(Metric::kTopKAccuracy, 3, {{kNan, 1, 2}, {1}}, 2), 1);
}

TEST(MetricSumsTest, MacroF1IsTheMeanOverClassesThatOccurAmongTrueOrPredictedOnes) {
  // True 0 0 1 1 3, predicted 0 1 1 1 0; class 2 does not occur.
  const Classes examples{{1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0}, {0, 0, 1, 1, 3}};
  const double f_0 = 2.0 * 1 / (2 + 1 + 1);
  const double f_1 = 2.0 * 2 / (4 + 1 + 0);
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kMacroF1, 4, examples), (f_0 + f_1 + 0) / 3);
}

TEST(MetricSumsTest, MacroF1CountsAClassThatIsOnlyPredicted) {
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kMacroF1, 3, {{1, 0, 0, 0, 1, 0}, {0, 0}}), (2.0 / 3 + 0) / 2);
}

TEST(MetricSumsTest, AucOfTwoClassesRanksByTheProbabilityOfTheSecond) {
  const Classes examples{{0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 1, 1}, {0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8}};
  EXPECT_EQ(ValueOf(Metric::kAuc, 2, examples), 0.75);
}

TEST(MetricSumsTest, AucWithoutProbabilitiesRanksByTheDifferenceOfScores) {
  // By the second score alone the first example would be last.
  EXPECT_EQ(ValueOf(Metric::kAuc, 2, {{-9, 0, 0, 1}, {1, 0}}), 1);
}

TEST(MetricSumsTest, AucOfMoreClassesIsTheMeanOfEachAgainstTheRestOverThoseThatOccur) {
  // Class 3 never occurs.
  const Classes examples{{5, 1, 1, 0, 2, 3, 1, 0, 3, 4, 0, 0, 1, 3, 2, 9}, {0, 0, 1, 2}};
  const double first = (1 + 1 + 0 + 1) / 4.0;  // 5, 2 against 3, 1
  const double second = (1 + 1 + 1) / 3.0;     // 4 against 1, 3, 3
  const double third = (1 + 1 + 1) / 3.0;      // 2 against 1, 1, 0
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kAuc, 4, examples), (first + second + third) / 3);
}

TEST(MetricSumsTest, AucIsNaNWhereOnlyOneClassOccurs) {
  EXPECT_TRUE(std::isnan(ValueOf(Metric::kAuc, 2, {{1, 2, 3, 4}, {1, 1}})));
  EXPECT_TRUE(std::isnan(ValueOf(Metric::kAuc, 3, {{1, 2, 3, 4, 5, 6}, {2, 2}})));
}

TEST(MetricSumsTest, AucIsThatOfAllExamplesSoFar) {
  const std::vector<double> scores = {0, 1, 0, 2};
  const std::vector<int32_t> truth = {0, 1};
  MetricSums sums({.metrics = {Metric::kAuc}, .class_count = 2}, 4);
  Targets targets;
  targets.classes = truth;
  sums.Add({.scores = {scores.data(), 2, 2, 2}, .targets = targets});
  EXPECT_EQ(sums.Value(Metric::kAuc), 1);
  const std::vector<int32_t> swapped = {1, 0};
  targets.classes = swapped;
  sums.Add({.scores = {scores.data(), 2, 2, 2}, .targets = targets});
  EXPECT_EQ(sums.Value(Metric::kAuc), 0.5);
}

TEST(MetricSumsTest, TheConfusionMatrixHasTrueClassesInRows) {
  const MetricPlan plan{.class_count = 3, .confusion_matrix = true};
  // True 0 0 1, predicted 0 2 0; no example of class 2.
  const auto matrix = Measure(plan, {{1, 0, 0, 0, 0, 1, 1, 0, 0}, {0, 0, 1}}, 100).confusion_matrix();
  ASSERT_TRUE(matrix.has_value());
  EXPECT_THAT(matrix->counts, ElementsAre(1, 0, 1, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(matrix->class_accuracy, ElementsAre(0.5, 0, ::testing::IsNan()));
}

TEST(MetricSumsTest, ThereIsNoConfusionMatrixUnlessAskedFor) {
  EXPECT_EQ(Measure({.metrics = ForClasses(), .class_count = 2}, {{1, 0}, {0}, {1, 0}}, 1).confusion_matrix(),
            std::nullopt);
}

TEST(MetricSumsTest, RmseIsTheRootOfTheMeanSquaredError) {
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kRmse, {1, 2, 5}, {1, 4, 4}), std::sqrt((0.0 + 4 + 1) / 3));
}

TEST(MetricSumsTest, MaeIsTheMeanAbsoluteError) {
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kMae, {1, 2, 5}, {1, 4, 4}), (0.0 + 2 + 1) / 3);
}

TEST(MetricSumsTest, R2IsTheShareOfTheVarianceThatIsExplained) {
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kR2, {1, 2, 5}, {1, 4, 4}), 1 - 5.0 / 6);
  EXPECT_EQ(ValueOf(Metric::kR2, {1, 4, 4}, {1, 4, 4}), 1);
  EXPECT_DOUBLE_EQ(ValueOf(Metric::kR2, {3, 3, 3}, {1, 4, 4}), 0);
}

TEST(MetricSumsTest, R2KeepsItsDigitsFarFromZero) {
  constexpr double kFar = 1e9;
  EXPECT_NEAR(ValueOf(Metric::kR2, {kFar + 1, kFar + 2, kFar + 5}, {kFar + 1, kFar + 4, kFar + 4}), 1 - 5.0 / 6, 1e-6);
}

TEST(MetricSumsTest, R2IsNaNWhereAllTargetsAreEqual) {
  EXPECT_TRUE(std::isnan(ValueOf(Metric::kR2, {1, 2, 3}, {0.1, 0.1, 0.1})));
  EXPECT_TRUE(std::isnan(ValueOf(Metric::kR2, {1}, {7})));
}

TEST(MetricSumsTest, TheSurrogateLossIsTheSumByTheNumberOfExamples) {
  const std::vector<double> predictions = {1, 2};
  const std::vector<double> truth = {0, 0};
  MetricSums sums({}, 2);
  Targets targets;
  targets.numbers = truth;
  sums.Add({.loss_sum = 3.5, .scores = {predictions.data(), 2, 1, 1}, .targets = targets});
  EXPECT_DOUBLE_EQ(sums.Value(Metric::kLoss), 3.5 / 2);
}

TEST(MetricSumsTest, NoExamplesGiveNaN) {
  const MetricSums classes({.metrics = ForClasses(), .class_count = 3}, 0);
  for (const Metric metric : ForClasses()) EXPECT_TRUE(std::isnan(classes.Value(metric))) << Name(metric);
  const MetricSums numbers({.metrics = {Metric::kRmse, Metric::kMae, Metric::kR2}}, 0);
  for (const Metric metric : numbers.plan().metrics) EXPECT_TRUE(std::isnan(numbers.Value(metric))) << Name(metric);
}

bool SameBits(double a, double b) { return std::memcmp(&a, &b, sizeof(double)) == 0; }

TEST(MetricSumsTest, BlocksOfAnySizeGiveTheBitsOfOneBlock) {
  std::mt19937 random(3);
  const MetricPlan plan{.metrics = ForClasses(), .class_count = 3, .top_k = 2, .confusion_matrix = true};
  Classes examples;
  for (int i = 0; i < 300; ++i) {
    examples.truth.push_back(static_cast<int32_t>(random() % 3));
    for (int j = 0; j < 3; ++j) examples.scores.push_back(1 + static_cast<double>(random() % 1000) / 7);
  }
  examples.probabilities = examples.scores;
  const MetricSums whole = Measure(plan, examples, 300);
  for (const int64_t rows : {1, 2, 7, 128, 299}) {
    const MetricSums parts = Measure(plan, examples, rows);
    for (const Metric metric : plan.metrics) {
      EXPECT_TRUE(SameBits(parts.Value(metric), whole.Value(metric))) << Name(metric) << " in blocks of " << rows;
    }
    EXPECT_EQ(parts.confusion_matrix(), whole.confusion_matrix());
    for (const Metric metric : {Metric::kRmse, Metric::kMae, Metric::kR2}) {
      const std::vector<double> numbers(examples.scores.begin() + 1, examples.scores.end());
      EXPECT_TRUE(SameBits(ValueOf(metric, examples.scores, numbers, rows), ValueOf(metric, examples.scores, numbers)))
          << Name(metric) << " in blocks of " << rows;
    }
  }
}

}  // namespace
}  // namespace trainyard
