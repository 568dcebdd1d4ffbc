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

}  // namespace

RowBlock::RowBlock(size_t columns)
    : columns_(columns), capacity_(std::clamp<size_t>(kMaxCells / columns, 1, kMaxRows)), cells_(capacity_ * columns) {}

BlockStatistics::BlockStatistics(size_t columns) {
  for (std::vector<double>* values : {&count_, &sum_, &minimum_, &maximum_, &not_u8_, &not_f32_, &mean_, &square_}) {
    values->resize(columns);
  }
}

void BlockStatistics::Sum(const RowBlock& block) {
  for (std::vector<double>* values : {&count_, &sum_, &not_u8_, &not_f32_})
    std::fill(values->begin(), values->end(), 0);
  std::fill(minimum_.begin(), minimum_.end(), kInfinity);
  std::fill(maximum_.begin(), maximum_.end(), -kInfinity);
  double* __restrict count = count_.data();
  double* __restrict sum = sum_.data();
  double* __restrict minimum = minimum_.data();
  double* __restrict maximum = maximum_.data();
  double* __restrict not_u8 = not_u8_.data();
  double* __restrict not_f32 = not_f32_.data();
  for (size_t row = 0; row < block.size(); ++row) {
    const double* const cells = block.Row(row).data();
    for (size_t j = 0; j < block.columns(); ++j) {
      const double x = cells[j];
      const double present = x == x ? 1 : 0;
      count[j] += present;
      sum[j] += x == x ? x : 0;
      minimum[j] = x < minimum[j] ? x : minimum[j];
      maximum[j] = x > maximum[j] ? x : maximum[j];
      not_u8[j] += std::floor(x) == x ? 0 : present;
      not_f32[j] += static_cast<double>(static_cast<float>(x)) == x ? 0 : present;
    }
  }
}

void BlockStatistics::SumSquares(const RowBlock& block) {
  for (size_t j = 0; j < block.columns(); ++j) mean_[j] = count_[j] > 0 ? sum_[j] / count_[j] : 0;
  std::fill(square_.begin(), square_.end(), 0);
  const double* __restrict mean = mean_.data();
  double* __restrict square = square_.data();
  for (size_t row = 0; row < block.size(); ++row) {
    const double* const cells = block.Row(row).data();
    for (size_t j = 0; j < block.columns(); ++j) {
      const double distance = cells[j] == cells[j] ? cells[j] - mean[j] : 0;
      square[j] += distance * distance;
    }
  }
}

void BlockStatistics::Add(const RowBlock& block, std::vector<ColumnScan>& scans) {
  Sum(block);
  SumSquares(block);
  for (size_t j = 0; j < scans.size(); ++j) {
    if (!std::isfinite(square_[j])) {
      AddEach(block, j, scans[j]);
      continue;
    }
    scans[j].AddBlock({.count = static_cast<int64_t>(count_[j]),
                       .mean = mean_[j],
                       .square = square_[j],
                       .minimum = minimum_[j],
                       .maximum = maximum_[j],
                       .fits_u8 = not_u8_[j] == 0 && minimum_[j] >= 0 && maximum_[j] <= 255,
                       .fits_f32 = not_f32_[j] == 0});
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
