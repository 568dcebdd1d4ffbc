#include "core/model/packed_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "core/data/encoding.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

constexpr int kPackedSample = 300;

template <typename Real>
void ExpectRowsAsTheEncoderGivesThem() {
  const auto dataset = sparse_run::Open(sparse_run::MakeSample(kPackedSample, 5000, 12, 2).Libsvm(), Format::kLibsvm);
  std::vector<uint32_t> all(kPackedSample);
  std::iota(all.begin(), all.end(), 0u);
  const int target = *dataset->schema().Find(std::string_view("label"));
  const FittedEncoding fitted = *FitEncoding(*dataset, all, target, {});
  const RowEncoder encoder = *RowEncoder::Bind(fitted.encoding, *dataset, RowEncoder::Needs::kFeaturesAndTarget);
  PackedRows<Real> packed(encoder);
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < kPackedSample; ++i) {
      const uint32_t row = i * 7 % kPackedSample;
      SparseRows<Real> wanted;
      encoder.EncodeSparse(std::span(&row, 1), wanted);
      const auto got = packed.At(row);
      EXPECT_EQ(std::vector(got.inputs.inputs.begin(), got.inputs.inputs.end()), wanted.inputs);
      EXPECT_EQ(std::vector(got.inputs.values.begin(), got.inputs.values.end()), wanted.values);
      double squares = 0;
      for (const double x : wanted.values) squares += x * x;
      EXPECT_NEAR(got.inputs.squares, squares, 1e-12 * squares);
      int32_t target_class = -1;
      double weight = -1;
      encoder.EncodeTargets(std::span(&row, 1), {{&target_class, 1}, {}, {&weight, 1}});
      EXPECT_EQ(got.targets.classes[0], target_class);
      EXPECT_EQ(got.targets.weights[0], weight);
      const std::span<const uint32_t> inputs = packed.InputsAt(row);
      EXPECT_EQ(std::vector(inputs.begin(), inputs.end()), wanted.inputs);
    }
  }
}

TEST(PackedRowsTest, RowsAreAsTheEncoderGivesThem) {
  ExpectRowsAsTheEncoderGivesThem<float>();
  ExpectRowsAsTheEncoderGivesThem<double>();
}

TEST(PackedRowsTest, MoreThan128MebibytesAreNotPacked) {
  EXPECT_GT(PackedRows<float>::MemoryBytes(100'000, 7'500'000), 60'000'000);
  EXPECT_EQ(PackedRows<float>::MemoryBytes(100'000, 17'000'000), 0);
  EXPECT_EQ(PackedRows<double>::MemoryBytes(100'000, 12'000'000), 0);
}

}  // namespace
}  // namespace trainyard
