#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/data/encoding.h"
#include "tests/core/data/building.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const Dataset> Libsvm(std::string_view content) {
  absl::StatusOr<Reading> reading = Read(content, {.format = Format::kLibsvm});
  EXPECT_TRUE(reading.ok()) << reading.status();
  return reading->dataset;
}

Encoding Fitted(const Dataset& dataset, int target, const EncodingOptions& options = {}) {
  const std::vector<uint32_t> rows = AllRows(dataset);
  absl::StatusOr<FittedEncoding> fitted = FitEncoding(dataset, rows, target, options);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  return fitted->encoding;
}

std::vector<double> Inputs(const Encoding& encoding, const Dataset& dataset, uint32_t row) {
  absl::StatusOr<RowEncoder> encoder = RowEncoder::Bind(encoding, dataset, RowEncoder::Needs::kFeatures);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  std::vector<double> inputs(encoding.input_count(), -1);
  const int64_t count = encoding.input_count();
  encoder->Encode(std::vector<uint32_t>{row}, MatrixView<double>{inputs.data(), 1, count, count});
  return inputs;
}

TEST(SparseEncodingTest, EachNumberIsAnInputAndIsNotScaled) {
  const auto dataset = Libsvm("0 1:10 3:-2\n1 2:0.1\n");
  for (const Scaling scaling : {Scaling::kStandardize, Scaling::kMinMax, Scaling::kNone}) {
    const Encoding encoding = Fitted(*dataset, 0, {.scaling = scaling});
    EXPECT_THAT(Inputs(encoding, *dataset, 0), ElementsAre(10, 0, -2));
    EXPECT_THAT(Inputs(encoding, *dataset, 1), ElementsAre(0, 0.1, 0));
  }
}

TEST(SparseEncodingTest, IndicesBeyondTheTrainingWidthAreLeftOutOrRefused) {
  const auto training = Libsvm("0 1:1 2:1\n1 1:2\n");
  const auto wider = Libsvm("0 1:5 2:6\n1 2:7 4:8\n");
  EXPECT_THAT(Inputs(Fitted(*training, 0), *wider, 1), ElementsAre(0, 7));
  const Encoding strict = Fitted(*training, 0, {.unseen = Unseen::kRefuse});
  const auto encoder = RowEncoder::Bind(strict, *wider, RowEncoder::Needs::kFeatures);
  ASSERT_TRUE(encoder.ok());
  EXPECT_TRUE(encoder->Check(std::vector<uint32_t>{0}).ok());
  EXPECT_EQ(
      Fault(encoder->Check(std::vector<uint32_t>{0, 1})),
      "row 2, column \"features\": the index 4 is beyond the 2 of the training data set, and such are refused | 2 | "
      "features");
}

TEST(SparseEncodingTest, ANarrowerDataSetFits) {
  const auto training = Libsvm("0 1:1 3:1\n1 1:2\n");
  EXPECT_THAT(Inputs(Fitted(*training, 0), *Libsvm("1 1:4\n"), 0), ElementsAre(4, 0, 0));
}

TEST(SparseEncodingTest, SparseAndOtherColumnsDoNotStandForEachOther) {
  const auto sparse = Libsvm("0 1:1\n1 1:2\n");
  const auto dense = Rows({Numeric("features"), Numeric("label", ColumnRole::kTarget)}, {{1, 0}, {2, 1}});
  EXPECT_EQ(RowEncoder::Bind(Fitted(*sparse, 0), *dense, RowEncoder::Needs::kFeatures).status().message(),
            "column \"features\": the model wants a sparse column here, the data set's is not");
  EXPECT_EQ(RowEncoder::Bind(Fitted(*dense, 1), *sparse, RowEncoder::Needs::kFeatures).status().message(),
            "column \"features\": the data set has a sparse column here, the model wants none");
}

TEST(SparseEncodingTest, SparseRowsHaveTheInputsOfDenseRowsThatAreNotZero) {
  Column sparse{.name = "s", .type = ColumnType::kSparse};
  DatasetBuilder builder(Schema{
      {Numeric("x"), sparse, Categorical("k", {"a", "b", "c"}), Numeric("z"), Numeric("y", ColumnRole::kTarget)}});
  for (int i = 0; i < 6; ++i) {
    SparseNumbers numbers;
    if (i % 2 == 0) numbers = {{static_cast<uint32_t>(i), 9}, {0.5 + i, 0.1}};
    builder.AddRow(std::vector<double>{i == 1 ? kMissing : i * 0.3, 0, static_cast<double>(i % 3), i == 3 ? 0 : 1.0, 0},
                   std::vector<SparseNumbers>{numbers});
  }
  const std::shared_ptr<const Dataset> dataset = std::move(builder).Build();
  const Encoding encoding = Fitted(*dataset, 4);
  const auto encoder = RowEncoder::Bind(encoding, *dataset, RowEncoder::Needs::kFeatures);
  ASSERT_TRUE(encoder.ok());
  SparseRows<double> rows;
  encoder->EncodeSparse(AllRows(*dataset), rows);
  for (uint32_t row = 0; row < 6; ++row) {
    std::vector<double> dense(encoding.input_count());
    for (int64_t k = rows.begin[row]; k < rows.begin[row + 1]; ++k) {
      EXPECT_NE(rows.values[k], 0);
      dense[rows.inputs[k]] = rows.values[k];
    }
    EXPECT_EQ(dense, Inputs(encoding, *dataset, row));
  }
}

TEST(SparseEncodingTest, InputsAreSparseFrom512OnWithEightForEachDenseColumn) {
  EXPECT_TRUE(HasSparseInputs(512, 64));
  EXPECT_FALSE(HasSparseInputs(511, 0));
  EXPECT_FALSE(HasSparseInputs(512, 65));
  EXPECT_TRUE(HasSparseInputs(800, 100));
  Encoding encoding;
  encoding.features.push_back({.column = "s", .type = ColumnType::kSparse, .sparse_width = 504});
  for (int i = 0; i < 8; ++i) encoding.features.push_back({.column = "x" + std::to_string(i)});
  EXPECT_TRUE(HasSparseInputs(encoding));
  encoding.features.pop_back();
  EXPECT_FALSE(HasSparseInputs(encoding));
}

}  // namespace
}  // namespace trainyard
