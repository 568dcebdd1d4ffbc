#include "core/data/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/status.h"
#include "tests/core/data/building.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Column kTarget = Numeric("y", ColumnRole::kTarget);

// Columns x and y, the target.
std::shared_ptr<const Dataset> X(const std::vector<double>& cells) {
  std::vector<std::vector<double>> rows;
  for (const double cell : cells) rows.push_back({cell, 1});
  return Rows({Numeric("x"), kTarget}, rows);
}

FittedEncoding FitAll(const Dataset& dataset, const EncodingOptions& options = {}, int target = 1) {
  absl::StatusOr<FittedEncoding> fitted = FitEncoding(dataset, AllRows(dataset), target, options);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  return *std::move(fitted);
}

std::string FitFault(const Dataset& dataset, const EncodingOptions& options = {}, int target = 1) {
  return Fault(FitEncoding(dataset, AllRows(dataset), target, options).status());
}

template <typename Real = double>
std::vector<std::vector<Real>> Inputs(const Encoding& encoding, const Dataset& dataset) {
  const RowEncoder encoder = *RowEncoder::Bind(encoding, dataset, RowEncoder::Needs::kFeatures);
  const std::vector<uint32_t> rows = AllRows(dataset);
  EXPECT_TRUE(encoder.Check(rows).ok()) << encoder.Check(rows);
  const size_t columns = static_cast<size_t>(encoding.input_count());
  std::vector<Real> values(rows.size() * columns);
  encoder.Encode(rows,
                 MatrixView<Real>{values.data(), dataset.row_count(), encoding.input_count(), encoding.input_count()});
  std::vector<std::vector<Real>> inputs;
  for (size_t i = 0; i < rows.size(); ++i)
    inputs.emplace_back(values.begin() + i * columns, values.begin() + (i + 1) * columns);
  return inputs;
}

std::string CheckFault(const Encoding& encoding, const Dataset& dataset,
                       RowEncoder::Needs needs = RowEncoder::Needs::kFeatures) {
  return Fault(RowEncoder::Bind(encoding, dataset, needs)->Check(AllRows(dataset)));
}

std::string BindFault(const Encoding& encoding, const Dataset& dataset,
                      RowEncoder::Needs needs = RowEncoder::Needs::kFeatures) {
  return Fault(RowEncoder::Bind(encoding, dataset, needs).status());
}

TEST(FitEncodingTest, StandardizingGivesMeanZeroAndDeviationOne) {
  const auto dataset = X({1, 3, 5, 7});
  const FittedEncoding fitted = FitAll(*dataset);
  EXPECT_EQ(fitted.encoding.features[0].offset, 4);
  EXPECT_DOUBLE_EQ(fitted.encoding.features[0].scale, 1 / std::sqrt(5));
  EXPECT_DOUBLE_EQ(Inputs(fitted.encoding, *dataset)[0][0], -3 / std::sqrt(5));
}

TEST(FitEncodingTest, MinMaxGivesZeroToOne) {
  const auto dataset = X({2, 3, 6});
  EXPECT_THAT(Inputs(FitAll(*dataset, {.scaling = Scaling::kMinMax}).encoding, *dataset),
              ElementsAre(ElementsAre(0), ElementsAre(0.25), ElementsAre(1)));
}

TEST(FitEncodingTest, NoScalingLeavesValues) {
  const auto dataset = X({2, 2});
  EXPECT_THAT(Inputs(FitAll(*dataset, {.scaling = Scaling::kNone}).encoding, *dataset),
              ElementsAre(ElementsAre(2), ElementsAre(2)));
}

TEST(FitEncodingTest, SeesTheGivenRowsAlone) {
  const auto dataset = X({1, 3, 100});
  EXPECT_EQ(FitEncoding(*dataset, std::vector<uint32_t>{0, 1}, 1, {})->encoding.features[0].offset, 2);
}

TEST(FitEncodingTest, ConstantColumnIsZeroAndWarnedOf) {
  const auto dataset = X({0.1, 0.1, 0.1});
  const FittedEncoding fitted = FitAll(*dataset);
  EXPECT_EQ(fitted.encoding.features[0].scale, 0);
  EXPECT_THAT(fitted.warnings,
              ElementsAre(DataWarning{"CONSTANT_COLUMN", "columns that are constant in the training part: \"x\""}));
  EXPECT_EQ(Inputs(fitted.encoding, *dataset)[2][0], 0);
}

TEST(FitEncodingTest, ColumnWithoutValuesIsZeroAndWarnedOf) {
  const auto dataset = X({kMissing, kMissing});
  const FittedEncoding fitted = FitAll(*dataset);
  EXPECT_THAT(fitted.warnings,
              ElementsAre(DataWarning{"EMPTY_COLUMN", "columns without a value in the training part: \"x\""}));
  EXPECT_EQ(Inputs(fitted.encoding, *dataset)[0][0], 0);
}

TEST(FitEncodingTest, MissingNumberIsTheMean) {
  const auto dataset = X({1, kMissing, 4});
  const FittedEncoding fitted = FitAll(*dataset, {.scaling = Scaling::kNone});
  EXPECT_EQ(fitted.encoding.features[0].missing_value, 2.5);
  EXPECT_EQ(Inputs(fitted.encoding, *dataset)[1][0], 2.5);
}

TEST(FitEncodingTest, MissingNumberCanBeTheMostFrequentOfEqualsTheSmallest) {
  const auto dataset = X({9, 4, 7, 4, 9, kMissing});
  EXPECT_EQ(FitAll(*dataset, {.missing_numeric = Missing::kMostFrequent}).encoding.features[0].missing_value, 4);
}

TEST(FitEncodingTest, MissingNumberCanBeRefused) {
  EXPECT_EQ(FitFault(*X({1, 2, kMissing, kMissing}), {.missing_numeric = Missing::kRefuse}),
            "row 3, column \"x\": the cell is missing, and missing cells are refused | 3 | x");
}

TEST(FitEncodingTest, CategoriesOfTheTrainingPartAreOneHotInTheSchemasOrder) {
  const auto dataset = Rows({Categorical("c", {"r", "g", "b"}), kTarget}, {{2, 1}, {0, 1}, {1, 1}});
  const Encoding encoding =
      FitEncoding(*dataset, std::vector<uint32_t>{0, 1}, 1, {.missing_categorical = Missing::kRefuse})->encoding;
  EXPECT_THAT(encoding.features[0].categories, ElementsAre("r", "b"));
  EXPECT_EQ(encoding.input_count(), 2);
  EXPECT_THAT(Inputs(encoding, *dataset), ElementsAre(ElementsAre(0, 1), ElementsAre(1, 0), ElementsAre(0, 0)));
}

TEST(FitEncodingTest, MissingCategoryHasAnInputOfItsOwn) {
  const auto dataset = Rows({Categorical("c", {"r", "g"}), kTarget}, {{0, 1}, {kMissing, 1}, {1, 1}});
  const Encoding encoding = FitAll(*dataset).encoding;
  EXPECT_EQ(encoding.features[0].width(), 3);
  EXPECT_THAT(Inputs(encoding, *dataset),
              ElementsAre(ElementsAre(1, 0, 0), ElementsAre(0, 0, 1), ElementsAre(0, 1, 0)));
}

TEST(FitEncodingTest, MissingCategoryCanBeTheMostFrequentOfEqualsTheFirst) {
  const auto dataset =
      Rows({Categorical("c", {"r", "g", "b"}), kTarget}, {{2, 1}, {1, 1}, {2, 1}, {1, 1}, {0, 1}, {kMissing, 1}});
  const Encoding encoding = FitAll(*dataset, {.missing_categorical = Missing::kMostFrequent}).encoding;
  EXPECT_EQ(encoding.features[0].missing_category, 1);
  EXPECT_THAT(Inputs(encoding, *dataset)[5], ElementsAre(0, 1, 0));
}

TEST(FitEncodingTest, MissingCategoryCanBeRefused) {
  const auto dataset = Rows({Categorical("c", {"r"}), kTarget}, {{0, 1}, {kMissing, 1}});
  EXPECT_EQ(FitFault(*dataset, {.missing_categorical = Missing::kRefuse}),
            "row 2, column \"c\": the cell is missing, and missing cells are refused | 2 | c");
}

TEST(FitEncodingTest, FeaturesAreColumnsOfThatRoleButTheTarget) {
  Column ignored = Numeric("i");
  ignored.type = ColumnType::kIgnored;
  const auto dataset =
      Rows({Numeric("a"), ignored, Numeric("w", ColumnRole::kWeight), Numeric("b"), Numeric("t", ColumnRole::kTarget)},
           {{1, 2, 3, 4, 5}});
  const Encoding encoding = FitAll(*dataset, {}, 3).encoding;
  ASSERT_EQ(encoding.features.size(), 1u);
  EXPECT_EQ(encoding.features[0].column, "a");
  EXPECT_EQ(encoding.target.column, "b");
}

TEST(FitEncodingTest, ClassesAreThoseOfTheTrainingPart) {
  const auto dataset = Rows({Numeric("x"), Categorical("y", {"a", "b", "c"}, ColumnRole::kTarget)}, {{1, 2}, {2, 0}});
  EXPECT_THAT(FitAll(*dataset).encoding.target.classes, ElementsAre("a", "c"));
}

TEST(FitEncodingTest, WeightsHaveMeanOne) {
  const auto dataset = Rows({Numeric("x"), kTarget, Numeric("w", ColumnRole::kWeight)}, {{1, 1, 1}, {2, 1, 3}});
  const Encoding encoding = FitAll(*dataset).encoding;
  EXPECT_EQ(encoding.weight_column, "w");
  EXPECT_EQ(encoding.weight_scale, 0.5);
}

TEST(FitEncodingTest, Refusals) {
  EXPECT_EQ(FitFault(*Rows({kTarget}, {{1}}), {}, 0), "no column is left as a feature |  | ");
  EXPECT_EQ(FitFault(*Rows({Numeric("x"), kTarget, Numeric("w", ColumnRole::kWeight)}, {{1, 1, 0}})),
            "column \"w\": the weights of the training part sum to 0; they need a positive sum |  | w");
  EXPECT_EQ(
      FitFault(*X({-1e308, 1e308})),
      "column \"x\": its values are too large, or too close to each other, to be scaled in double precision |  | x");
  EXPECT_EQ(FitFault(*Rows({Numeric("x"), kTarget}, {{1, 1}, {1, kMissing}})),
            "row 2, column \"y\": the target is missing | 2 | y");
}

TEST(FitEncodingTest, RulesForMissingCellsFitTheType) {
  EXPECT_EQ(Validate({.missing_numeric = Missing::kOwnCategory}).message(),
            "missing_numeric = own_category, must be mean, most_frequent or refuse");
  EXPECT_EQ(Validate({.missing_categorical = Missing::kMean}).message(),
            "missing_categorical = mean, must be most_frequent, own_category or refuse");
  EXPECT_TRUE(Validate(EncodingOptions()).ok());
  EXPECT_EQ(FitEncoding(*X({1}), {}, 1, {.missing_categorical = Missing::kMean}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FitEncodingTest, StandardizedDigitsHaveMeanZeroAndDeviationOne) {
  const Reading reading = *Read(FileContent("digits.csv"));
  const auto inputs = Inputs(FitAll(*reading.dataset, {}, 64).encoding, *reading.dataset);
  double sum = 0;
  double squares = 0;
  for (const std::vector<double>& row : inputs) {
    sum += row[20];
    squares += row[20] * row[20];
  }
  EXPECT_NEAR(sum, 0, 1e-10);
  EXPECT_NEAR(squares / 1797, 1, 1e-12);
}

TEST(RowEncoderTest, EncodesMixedKindsInTheOrderOfTheSchema) {
  const auto dataset =
      Rows({Numeric("byte"), Categorical("c", {"u", "v"}), Numeric("double"), Numeric("float"), kTarget},
           {{200, 1, 0.1, 0.5, 1}, {3, 0, 0.2, 1e6, 1}});
  const Encoding encoding =
      FitAll(*dataset, {.scaling = Scaling::kNone, .missing_categorical = Missing::kRefuse}, 4).encoding;
  EXPECT_THAT(Inputs(encoding, *dataset),
              ElementsAre(ElementsAre(200, 0, 1, 0.1, 0.5), ElementsAre(3, 1, 0, 0.2, 1e6)));
  EXPECT_THAT(Inputs<float>(encoding, *dataset)[0], ElementsAre(200, 0, 1, 0.1f, 0.5f));
}

TEST(RowEncoderTest, RowsMayComeInAnyOrderAndInputsMayHaveAStride) {
  const auto dataset = X({1, 2, 3});
  const RowEncoder encoder =
      *RowEncoder::Bind(FitAll(*dataset, {.scaling = Scaling::kNone}).encoding, *dataset, RowEncoder::Needs::kFeatures);
  std::vector<double> values(6, -1);
  encoder.Encode(std::vector<uint32_t>{2, 0, 2}, MatrixView<double>{values.data(), 3, 1, 2});
  EXPECT_THAT(values, ElementsAre(3, -1, 1, -1, 3, -1));
}

TEST(RowEncoderTest, GivesClassesAndWeights) {
  const auto dataset =
      Rows({Numeric("x"), Categorical("y", {"a", "b", "c"}, ColumnRole::kTarget), Numeric("w", ColumnRole::kWeight)},
           {{1, 2, 1}, {2, 0, 3}});
  const RowEncoder encoder =
      *RowEncoder::Bind(FitAll(*dataset).encoding, *dataset, RowEncoder::Needs::kFeaturesAndTarget);
  std::vector<double> inputs(2);
  std::vector<int32_t> classes(2);
  std::vector<double> weights(2);
  encoder.Encode(AllRows(*dataset), MatrixView<double>{inputs.data(), 2, 1, 1}, TargetBuffer{classes, {}, weights});
  EXPECT_THAT(classes, ElementsAre(1, 0));
  EXPECT_THAT(weights, ElementsAre(0.5, 1.5));
}

TEST(RowEncoderTest, GivesNumbersAndWeightsOfOne) {
  const auto dataset = Rows({Numeric("x"), kTarget}, {{1, 0.25}, {2, 7}});
  const RowEncoder encoder =
      *RowEncoder::Bind(FitAll(*dataset).encoding, *dataset, RowEncoder::Needs::kFeaturesAndTarget);
  std::vector<float> inputs(2);
  std::vector<double> numbers(2);
  std::vector<double> weights(2);
  encoder.Encode(AllRows(*dataset), MatrixView<float>{inputs.data(), 2, 1, 1}, TargetBuffer{{}, numbers, weights});
  EXPECT_THAT(numbers, ElementsAre(0.25, 7));
  EXPECT_THAT(weights, ElementsAre(1, 1));
}

TEST(RowEncoderTest, BindsByNameToADatasetOfAnotherOrder) {
  const auto training = Rows({Numeric("a"), Categorical("c", {"u", "v"}), kTarget}, {{1, 0, 1}, {3, 1, 1}});
  const Encoding encoding = FitAll(*training, {.scaling = Scaling::kNone}, 2).encoding;
  const auto other =
      Rows({Categorical("c", {"w", "v"}), Numeric("more"), Numeric("a")}, {{1, 9, 0.1}, {0, 9, kMissing}});
  EXPECT_THAT(Inputs(encoding, *other), ElementsAre(ElementsAre(0.1, 0, 1, 0), ElementsAre(2, 0, 0, 0)));
}

TEST(RowEncoderTest, NumbersMayBeCategoriesInTheDataset) {
  const Encoding encoding = FitAll(*X({1, 3}), {.scaling = Scaling::kNone}).encoding;
  const auto other = Rows({Categorical("x", {"7", "0.5"}), Categorical("y", {"4"})}, {{1, 0}, {0, 0}, {kMissing, 0}});
  EXPECT_THAT(Inputs(encoding, *other), ElementsAre(ElementsAre(0.5), ElementsAre(7), ElementsAre(2)));
  EXPECT_EQ(CheckFault(encoding, *other, RowEncoder::Needs::kFeaturesAndTarget), "OK");
}

TEST(RowEncoderTest, ColumnsMustBeThereAndFit) {
  const auto training = Rows({Numeric("a"), Categorical("c", {"u"}), kTarget}, {{1, 0, 1}});
  const Encoding encoding = FitAll(*training, {}, 2).encoding;
  EXPECT_EQ(BindFault(encoding, *Rows({Numeric("a")}, {})), "column \"c\": the data set has no such column |  | c");
  EXPECT_EQ(
      BindFault(encoding, *Rows({Numeric("a"), Numeric("c")}, {})),
      "column \"c\": the data set has numbers here, the model wants categories; declare the column categorical |  | c");
  EXPECT_EQ(BindFault(encoding, *Rows({Categorical("a", {"1", "x"}), Categorical("c", {})}, {})),
            "column \"a\": the data set has \"x\" here, the model wants numbers |  | a");
  const auto features = Rows({Numeric("a"), Categorical("c", {})}, {});
  EXPECT_EQ(BindFault(encoding, *features), "OK");
  EXPECT_EQ(BindFault(encoding, *features, RowEncoder::Needs::kFeaturesAndTarget),
            "column \"y\": the data set has no such column |  | y");
}

TEST(RowEncoderTest, UnseenCategoriesCanBeRefused) {
  const auto training = Rows({Categorical("c", {"u"}), kTarget}, {{0, 1}});
  const Encoding encoding = FitAll(*training, {.unseen = Unseen::kRefuse}).encoding;
  EXPECT_EQ(CheckFault(encoding, *Rows({Categorical("c", {"u", "v"})}, {{0}, {1}})),
            "row 2, column \"c\": the category \"v\" is not in the training part, and such are refused | 2 | c");
}

TEST(RowEncoderTest, TargetsMustBeKnownClasses) {
  const std::vector<Column> columns = {Numeric("x"), Categorical("y", {"a", "b", "c"}, ColumnRole::kTarget)};
  const Encoding encoding = FitAll(*Rows(columns, {{1, 0}, {2, 1}})).encoding;
  EXPECT_EQ(CheckFault(encoding, *Rows(columns, {{1, 0}, {1, 2}}), RowEncoder::Needs::kFeaturesAndTarget),
            "row 2, column \"y\": \"c\" is not a class of the training part | 2 | y");
  EXPECT_EQ(CheckFault(encoding, *Rows(columns, {{1, kMissing}}), RowEncoder::Needs::kFeaturesAndTarget),
            "row 1, column \"y\": the target is missing | 1 | y");
  EXPECT_EQ(CheckFault(encoding, *Rows(columns, {{1, 2}})), "OK");
}

TEST(RowEncoderTest, WeightsMustBeThere) {
  const std::vector<Column> columns = {Numeric("x"), kTarget, Numeric("w", ColumnRole::kWeight)};
  const Encoding encoding = FitAll(*Rows(columns, {{1, 1, 1}})).encoding;
  EXPECT_EQ(CheckFault(encoding, *Rows(columns, {{1, 1, kMissing}}), RowEncoder::Needs::kFeaturesAndTarget),
            "row 1, column \"w\": the weight must be a number of at least 0 | 1 | w");
}

}  // namespace
}  // namespace trainyard
