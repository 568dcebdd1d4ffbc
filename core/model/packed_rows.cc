#include "core/model/packed_rows.h"

#include <algorithm>
#include <cstring>

#include "core/base/prefetch.h"
#include "core/base/squared_norm.h"

namespace trainyard {
namespace {

constexpr int64_t kMaxPackedBytes = int64_t{128} << 20;

}  // namespace

// The last line of a row is half full on average.
template <typename Real>
int64_t PackedRows<Real>::MemoryBytes(int64_t row_count, int64_t number_count) {
  constexpr double kOfRow = sizeof(Head) + kCacheLine / 2.0 + sizeof(uint32_t) + 0.125;
  const double bytes = kOfRow * static_cast<double>(row_count) +
                       static_cast<double>(sizeof(Real) + sizeof(uint32_t)) * static_cast<double>(number_count);
  return bytes <= static_cast<double>(kMaxPackedBytes) ? static_cast<int64_t>(bytes) : 0;
}

template <typename Real>
PackedRows<Real>::PackedRows(const RowEncoder& encoder)
    : encoder_(encoder), packed_(static_cast<size_t>(encoder.row_count() / 64 + 1)) {
  const std::span<const int64_t> begin = encoder.stored_row_begin();
  lines_.reserve(begin.size());
  uint32_t line = 0;
  for (size_t row = 0; row + 1 < begin.size(); ++row) {
    lines_.push_back(line);
    const size_t bytes =
        sizeof(Head) + static_cast<size_t>(begin[row + 1] - begin[row]) * (sizeof(Real) + sizeof(uint32_t));
    line += static_cast<uint32_t>((bytes + kCacheLine - 1) / kCacheLine);
  }
  lines_.push_back(line);
  // Not initialised: a page is taken when a row on it is packed.
  bytes_.reset(static_cast<std::byte*>(AllocateCacheLines(static_cast<size_t>(line) * kCacheLine)));
}

template <typename Real>
void PackedRows<Real>::Pack(uint32_t row) {
  encoder_.EncodeSparse(std::span(&row, 1), encoded_);
  const size_t count = encoded_.values.size();
  Head head{.count = static_cast<uint32_t>(count),
            .target_class = 0,
            .number = 0,
            .weight = 0,
            .squares = SquaredNorm(std::span<const Real>(encoded_.values))};
  encoder_.EncodeTargets(std::span(&row, 1), {{&head.target_class, 1}, {&head.number, 1}, {&head.weight, 1}});
  std::byte* to = place(row);
  std::memcpy(to, &head, sizeof(head));
  to += sizeof(head);
  std::memcpy(to, encoded_.values.data(), count * sizeof(Real));
  std::memcpy(to + count * sizeof(Real), encoded_.inputs.data(), count * sizeof(uint32_t));
  packed_[row / 64] |= uint64_t{1} << row % 64;
}

template <typename Real>
std::span<const uint32_t> PackedRows<Real>::InputsAt(uint32_t row) const {
  if (!is_packed(row)) return {};
  const std::byte* const at = place(row);
  const size_t count = reinterpret_cast<const Head*>(at)->count;
  return {reinterpret_cast<const uint32_t*>(at + sizeof(Head) + count * sizeof(Real)), count};
}

template <typename Real>
void PackedRows<Real>::FetchAhead(std::span<const uint32_t> following) const {
  constexpr size_t kNear = 8;
  constexpr size_t kFar = 16;
  if (following.size() < kFar) return;
  const uint32_t near = following[kNear - 1];
  const uint32_t far = following[kFar - 1];
  Prefetch(&lines_[far]);
  if (is_packed(near)) {
    const std::byte* const end = place(near + 1);
    for (const std::byte* line = place(near); line < end; line += kCacheLine) PrefetchOnce(line);
  }
  if (!is_packed(near) || !is_packed(far)) encoder_.FetchAhead(1, following);
}

template class PackedRows<float>;
template class PackedRows<double>;

}  // namespace trainyard
