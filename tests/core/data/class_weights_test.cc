#include "core/data/class_weights.h"

#include <cmath>
#include <limits>

#include "core/base/status.h"
#include "core/data/encoding.h"
#include "gmock/gmock.h"
#include "tests/core/data/building.h"

namespace trainyard {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pointwise;

std::vector<double> Weights(const ClassWeightOptions& options, const std::vector<int64_t>& counts) {
  std::vector<std::string> classes;
  for (size_t c = 0; c < counts.size(); ++c) classes.push_back(std::string(1, static_cast<char>('a' + c)));
  return WeightsOf(options, classes, counts);
}

TEST(ClassWeightsTest, BalancedIsTheMeanCountByTheCountOfTheClass) {
  EXPECT_THAT(Weights(BalancedClasses(), {6, 2, 1}), ElementsAre(0.5, 1.5, 3));
}

TEST(ClassWeightsTest, AClassThatIsNotNamedHasWeightOne) {
  EXPECT_THAT(Weights(GivenClassWeights{{{"b", 2.5}}}, {6, 2, 1}), ElementsAre(1, 2.5, 1));
}

TEST(ClassWeightsTest, AreEmptyWhereAllAreOne) {
  EXPECT_THAT(Weights(BalancedClasses(), {4, 4}), IsEmpty());
  EXPECT_THAT(Weights(GivenClassWeights{}, {4, 5}), IsEmpty());
  EXPECT_THAT(Weights(GivenClassWeights{{{"a", 1}}}, {4, 5}), IsEmpty());
}

TEST(ClassWeightsTest, ArePositiveAndFinite) {
  for (const double weight : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const absl::Status status = Validate(GivenClassWeights{{{"a", 1}, {"big cat", weight}}});
    EXPECT_EQ(ErrorField(status), "given.weights[big cat]");
    EXPECT_THAT(std::string(status.message()), ::testing::EndsWith(", must be positive and finite"));
  }
  EXPECT_TRUE(Validate(GivenClassWeights{{{"a", 1e-9}}}).ok());
  EXPECT_TRUE(Validate(BalancedClasses()).ok());
}

TEST(ClassWeightsTest, NameClassesOfTheTarget) {
  EXPECT_TRUE(CheckClasses(GivenClassWeights{{{"a", 2}}}, {"a", "b"}).ok());
  EXPECT_EQ(CheckClasses(GivenClassWeights{{{"A", 2}}}, {"a", "b"}).message(),
            "given.weights[A] = 2, must be of one of the target's classes: \"a\", \"b\"");
}

// Target y with classes a (3 rows), b (1 row) and, in no row, c; weights w.
std::shared_ptr<const Dataset> Unequal() {
  return Rows({Numeric("x"), Categorical("y", {"c", "a", "b"}, ColumnRole::kTarget), Numeric("w", ColumnRole::kWeight)},
              {{1, 1, 1}, {2, 1, 2}, {3, 1, 3}, {4, 2, 10}});
}

std::shared_ptr<const Dataset> Unweighted() {
  return Rows({Numeric("x"), Categorical("y", {"c", "a", "b"}, ColumnRole::kTarget)}, {{1, 1}, {2, 1}, {3, 1}, {4, 2}});
}

Encoding Fit(const Dataset& dataset, const ClassWeightOptions& options) {
  const absl::StatusOr<FittedEncoding> fitted = FitEncoding(dataset, AllRows(dataset), 1, {}, options);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  return fitted->encoding;
}

std::vector<double> ExampleWeights(const Encoding& encoding, const Dataset& dataset) {
  const auto encoder = RowEncoder::Bind(encoding, dataset, RowEncoder::Needs::kFeaturesAndTarget);
  const int64_t rows = dataset.row_count();
  std::vector<double> inputs(rows);
  std::vector<int32_t> classes(rows);
  std::vector<double> weights(rows);
  encoder->Encode(AllRows(dataset), MatrixView<double>{inputs.data(), rows, 1, 1}, TargetBuffer{classes, {}, weights});
  return weights;
}

TEST(ClassWeightsTest, AreFittedToTheClassesOfTheTrainingPartAlone) {
  const Encoding encoding = Fit(*Unweighted(), BalancedClasses());
  EXPECT_THAT(encoding.target.classes, ElementsAre("a", "b"));
  EXPECT_THAT(encoding.target.class_weights, ElementsAre(4.0 / 2 / 3, 2));
}

TEST(ClassWeightsTest, BalancedGivesEachClassTheSameSum) {
  const auto dataset = Unweighted();
  const std::vector<double> weights = ExampleWeights(Fit(*dataset, BalancedClasses()), *dataset);
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 2, 1e-15);
  EXPECT_NEAR(weights[3], 2, 1e-15);
}

TEST(ClassWeightsTest, BalancedIsTheSameAsTheFormulaGiven) {
  const GivenClassWeights given{{{"a", 4.0 / 2 / 3}, {"b", 2}, {"c", 77}}};
  EXPECT_EQ(Fit(*Unequal(), BalancedClasses()), Fit(*Unequal(), given));
}

TEST(ClassWeightsTest, MultiplyTheColumnAndAreScaledOnceToMeanOne) {
  const auto dataset = Unequal();
  const Encoding encoding = Fit(*dataset, GivenClassWeights{{{"a", 3}, {"b", 0.5}}});
  EXPECT_EQ(encoding.weight_column, "w");
  const double sum = 3 * (1 + 2 + 3) + 0.5 * 10;
  EXPECT_DOUBLE_EQ(encoding.weight_scale, 4 / sum);
  EXPECT_THAT(ExampleWeights(encoding, *dataset),
              Pointwise(DoubleEq(), {3 * 4 / sum, 6 * 4 / sum, 9 * 4 / sum, 5 * 4 / sum}));
}

TEST(ClassWeightsTest, AFactorForAllClassesChangesNothing) {
  const auto dataset = Unweighted();
  const std::vector<double> weights = ExampleWeights(Fit(*dataset, GivenClassWeights{{{"a", 8}, {"b", 8}}}), *dataset);
  EXPECT_THAT(weights, ElementsAre(1, 1, 1, 1));
}

TEST(ClassWeightsTest, AreRefusedWhereTheirSumIsNoNumber) {
  const auto dataset = Unweighted();
  const absl::Status status =
      FitEncoding(*dataset, AllRows(*dataset), 1, {}, GivenClassWeights{{{"a", 1e308}}}).status();
  EXPECT_EQ(ErrorField(status), "class_weights");
  EXPECT_EQ(status.message(), "class_weights = weights that sum to inf, must be neither so large nor so small");
}

}  // namespace
}  // namespace trainyard
