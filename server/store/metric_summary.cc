#include "server/store/metric_summary.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

// Numbers are written as this machine has them.
static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(Extrema) == 24);

template <typename Value>
void Write(const Value* values, size_t count, std::string* bytes) {
  static_assert(std::is_trivially_copyable_v<Value>);
  if (count > 0) bytes->append(reinterpret_cast<const char*>(values), count * sizeof(Value));
}

// Moves the front of `bytes` to `values`; false: there is not so much.
template <typename Value>
bool Read(size_t count, std::string_view* bytes, Value* values) {
  if (bytes->size() / sizeof(Value) < count) return false;
  if (count > 0) std::memcpy(values, bytes->data(), count * sizeof(Value));
  bytes->remove_prefix(count * sizeof(Value));
  return true;
}

absl::Status Unreadable(const MetricSummary& summary) {
  return absl::DataLossError(
      absl::StrCat("the summary of events ", summary.first_sequence, " to ", summary.last_sequence, " cannot be read"));
}

}  // namespace

void Extrema::Add(const Extrema& later, int shift) {
  if (later.count == 0) return;
  const auto take_minimum = [&] {
    minimum = later.minimum;
    minimum_offset = static_cast<uint16_t>(later.minimum_offset + shift);
  };
  const auto take_maximum = [&] {
    maximum = later.maximum;
    maximum_offset = static_cast<uint16_t>(later.maximum_offset + shift);
  };
  if (count == 0 || (std::isnan(minimum) && !std::isnan(later.minimum))) {
    take_minimum();
    take_maximum();
  } else {
    if (later.minimum < minimum) take_minimum();
    if (later.maximum > maximum) take_maximum();
  }
  count = static_cast<uint16_t>(count + later.count);
}

std::string EncodeContent(const MetricSummary& summary) {
  std::string bytes;
  const auto others = static_cast<uint32_t>(summary.others.size());
  Write(&others, 1, &bytes);
  Write(summary.others.data(), others, &bytes);
  for (const SummaryColumn& column : summary.columns) {
    const int32_t series = column.series;
    Write(&series, 1, &bytes);
    Write(column.cells.data(), column.cells.size(), &bytes);
  }
  return bytes;
}

absl::Status DecodeContent(std::string_view bytes, MetricSummary* summary) {
  uint32_t others = 0;
  if (!Read(1, &bytes, &others) || bytes.size() / sizeof(int64_t) < others) return Unreadable(*summary);
  summary->others.resize(others);
  Read(others, &bytes, summary->others.data());
  const auto cells = static_cast<size_t>(summary->cell_count());
  while (!bytes.empty()) {
    int32_t series = 0;
    if (!Read(1, &bytes, &series) || bytes.size() / sizeof(Extrema) < cells) return Unreadable(*summary);
    SummaryColumn& column = summary->columns.emplace_back();
    column.series = static_cast<v1::Series>(series);
    column.cells.resize(cells);
    Read(cells, &bytes, column.cells.data());
  }
  return absl::OkStatus();
}

}  // namespace trainyard
