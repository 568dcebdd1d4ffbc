#include "core/data/row_block.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr size_t kMaxCells = 8192;
constexpr size_t kMaxRows = 1024;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Adds one by one where sums of a block overflow.
void AddEach(const RowBlock& block, size_t column, ColumnScan& scan) {
  NumberScan numbers;
  for (size_t row = 0; row < block.size(); ++row) {
    const double x = block.Row(row)[column];
    if (!std::isnan(x)) numbers.Add(x);
  }
  scan.AddBlock(numbers.block());
}

// Any byte where `value` is none, as in a block with a fault that is told later.
uint8_t ToByte(double value) { return static_cast<uint8_t>(_mm_cvttsd_si32(_mm_set_sd(value))); }

// Columns whose statistics are kept in registers while a block is read; two vectors of 4.
constexpr size_t kGroup = 8;

struct GroupMoments {
  std::array<double, kGroup> count, minimum, maximum, mean, square;
};

// What all numbers of the columns are, those that are missing left out.
struct GroupWidths {
  std::array<bool, kGroup> whole = {}, f32 = {};
};

struct PairOfVectors {
  __m256d low, high;
};

// Calls visit(row's cells of the first 4 columns, of the other 4).
template <typename Visit>
void ForEachRow(const double* cells, size_t rows, size_t stride, Visit visit) {
  for (size_t row = 0; row < rows; ++row, cells += stride) visit(_mm256_loadu_pd(cells), _mm256_loadu_pd(cells + 4));
}

__m256d IsNumber(__m256d x) { return _mm256_cmp_pd(x, x, _CMP_ORD_Q); }

void Store(__m256d low, __m256d high, std::array<double, kGroup>& to) {
  _mm256_storeu_pd(to.data(), low);
  _mm256_storeu_pd(to.data() + 4, high);
}

// Of kGroup columns from `cells` on; those beyond the last column have the next row's numbers, which nobody looks at.
GroupMoments MomentsOf(const double* cells, size_t rows, size_t stride) {
  const __m256d one = _mm256_set1_pd(1);
  const __m256d zero = _mm256_setzero_pd();
  const __m256d infinity = _mm256_set1_pd(kInfinity);
  const __m256d minus_infinity = _mm256_set1_pd(-kInfinity);
  PairOfVectors count{zero, zero}, sum{zero, zero}, minimum{infinity, infinity},
      maximum{minus_infinity, minus_infinity};
  ForEachRow(cells, rows, stride, [&](__m256d low, __m256d high) {
    const __m256d low_present = IsNumber(low), high_present = IsNumber(high);
    count.low = _mm256_add_pd(count.low, _mm256_and_pd(low_present, one));
    count.high = _mm256_add_pd(count.high, _mm256_and_pd(high_present, one));
    sum.low = _mm256_add_pd(sum.low, _mm256_and_pd(low_present, low));
    sum.high = _mm256_add_pd(sum.high, _mm256_and_pd(high_present, high));
    minimum.low = _mm256_min_pd(low, minimum.low);
    minimum.high = _mm256_min_pd(high, minimum.high);
    maximum.low = _mm256_max_pd(low, maximum.low);
    maximum.high = _mm256_max_pd(high, maximum.high);
  });
  const auto mean_of = [&](__m256d total, __m256d numbers) {
    return _mm256_and_pd(_mm256_cmp_pd(numbers, zero, _CMP_GT_OQ), _mm256_div_pd(total, numbers));
  };
  const PairOfVectors mean{mean_of(sum.low, count.low), mean_of(sum.high, count.high)};
  PairOfVectors square{zero, zero};
  ForEachRow(cells, rows, stride, [&](__m256d low, __m256d high) {
    const __m256d low_distance = _mm256_and_pd(IsNumber(low), _mm256_sub_pd(low, mean.low));
    const __m256d high_distance = _mm256_and_pd(IsNumber(high), _mm256_sub_pd(high, mean.high));
    square.low = _mm256_add_pd(square.low, _mm256_mul_pd(low_distance, low_distance));
    square.high = _mm256_add_pd(square.high, _mm256_mul_pd(high_distance, high_distance));
  });
  GroupMoments moments;
  Store(count.low, count.high, moments.count);
  Store(minimum.low, minimum.high, moments.minimum);
  Store(maximum.low, maximum.high, moments.maximum);
  Store(mean.low, mean.high, moments.mean);
  Store(square.low, square.high, moments.square);
  return moments;
}

GroupWidths WidthsOf(const double* cells, size_t rows, size_t stride) {
  const auto is_whole = [](__m256d x) { return _mm256_cmp_pd(_mm256_floor_pd(x), x, _CMP_EQ_OQ); };
  const auto is_f32 = [](__m256d x) { return _mm256_cmp_pd(_mm256_cvtps_pd(_mm256_cvtpd_ps(x)), x, _CMP_EQ_OQ); };
  __m256d broken_low = _mm256_setzero_pd(), broken_high = broken_low, wide_low = broken_low, wide_high = broken_low;
  ForEachRow(cells, rows, stride, [&](__m256d low, __m256d high) {
    broken_low = _mm256_or_pd(broken_low, _mm256_andnot_pd(is_whole(low), IsNumber(low)));
    broken_high = _mm256_or_pd(broken_high, _mm256_andnot_pd(is_whole(high), IsNumber(high)));
    wide_low = _mm256_or_pd(wide_low, _mm256_andnot_pd(is_f32(low), IsNumber(low)));
    wide_high = _mm256_or_pd(wide_high, _mm256_andnot_pd(is_f32(high), IsNumber(high)));
  });
  const int broken = _mm256_movemask_pd(broken_low) | _mm256_movemask_pd(broken_high) << 4;
  const int wide = _mm256_movemask_pd(wide_low) | _mm256_movemask_pd(wide_high) << 4;
  GroupWidths widths;
  for (size_t j = 0; j < kGroup; ++j) {
    widths.whole[j] = (broken >> j & 1) == 0;
    widths.f32[j] = (wide >> j & 1) == 0;
  }
  return widths;
}

}  // namespace

RowBlock::RowBlock(size_t columns)
    : columns_(columns),
      capacity_(std::clamp<size_t>(kMaxCells / columns, 1, kMaxRows)),
      cells_(capacity_ * columns + kGroup) {}

void AddStatistics(const RowBlock& block, std::vector<ColumnScan>& scans) {
  for (size_t first = 0; first < block.columns(); first += kGroup) {
    const size_t count = std::min(kGroup, block.columns() - first);
    const std::span<ColumnScan> group = std::span(scans).subspan(first, count);
    const double* const cells = block.Row(0).data() + first;
    const GroupMoments moments = MomentsOf(cells, block.size(), block.columns());
    const bool may_be_narrow =
        std::any_of(group.begin(), group.end(), [](const ColumnScan& scan) { return scan.may_be_narrow(); });
    const GroupWidths widths = may_be_narrow ? WidthsOf(cells, block.size(), block.columns()) : GroupWidths{};
    for (size_t j = 0; j < count; ++j) {
      if (!std::isfinite(moments.square[j])) {
        AddEach(block, first + j, group[j]);
        continue;
      }
      group[j].AddBlock({.count = static_cast<int64_t>(moments.count[j]),
                         .mean = moments.mean[j],
                         .square = moments.square[j],
                         .minimum = moments.minimum[j],
                         .maximum = moments.maximum[j],
                         .fits_u8 = widths.whole[j] && moments.minimum[j] >= 0 && moments.maximum[j] <= 255,
                         .fits_f32 = widths.f32[j]});
    }
  }
}

RecordWriter::RecordWriter(const std::vector<ColumnScan>& scans, const RecordLayout& layout, DatasetWriter& writer)
    : scans_(scans), writer_(writer), offsets_(layout.kind_offsets) {
  for (size_t i = 0; i < scans.size(); ++i) {
    if (!scans[i].ignored()) columns_[static_cast<size_t>(scans[i].kind())].push_back(i);
  }
}

absl::Status RecordWriter::Write(const RowBlock& block) {
  const auto columns = [this](CellKind kind) -> const std::vector<size_t>& {
    return columns_[static_cast<size_t>(kind)];
  };
  for (size_t row = 0; row < block.size(); ++row) {
    const double* const cells = block.Row(row).data();
    std::byte* const record = writer_.Record();
    const auto store = [&](CellKind kind, auto convert) {
      std::byte* place = record + offsets_[static_cast<size_t>(kind)];
      for (const size_t i : columns(kind)) {
        const auto cell = convert(i);
        std::memcpy(place, &cell, sizeof(cell));
        place += sizeof(cell);
      }
    };
    store(CellKind::kF64, [cells](size_t i) { return cells[i]; });
    store(CellKind::kF32, [cells](size_t i) { return static_cast<float>(cells[i]); });
    store(CellKind::kCode, [this, cells](size_t i) { return scans_[i].Code(cells[i]); });
    store(CellKind::kU8, [cells](size_t i) { return ToByte(cells[i]); });
    RETURN_IF_ERROR(writer_.Commit());
  }
  return absl::OkStatus();
}

}  // namespace trainyard
