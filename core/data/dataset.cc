#include "core/data/dataset.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "core/base/crc32c.h"
#include "core/base/status.h"
#include "core/data/dataset_format.h"

namespace trainyard {
namespace {

// The matrix of the cells of `kind` in records that begin at `records`.
template <typename T>
MatrixView<const T> CellsOf(CellKind kind, const RecordLayout& layout, int64_t rows, const std::byte* records) {
  const size_t i = static_cast<size_t>(kind);
  if (layout.kind_counts[i] == 0) return {nullptr, rows, 0, 0};
  return {reinterpret_cast<const T*>(records + layout.kind_offsets[i]), rows, layout.kind_counts[i],
          layout.size / static_cast<int64_t>(sizeof(T))};
}

template <typename T>
std::span<const T> ArrayAt(const std::byte* place, int64_t count) {
  return {reinterpret_cast<const T*>(place), static_cast<size_t>(count)};
}

SparseCells SparseCellsOf(const DatasetHead& head, int index, const SparsePlace& place, const std::byte* records) {
  const Column& column = head.schema.columns[index];
  if (column.type != ColumnType::kSparse) return {};
  SparseCells cells{.row_begin = ArrayAt<int64_t>(records + place.row_begin, head.row_count + 1),
                    .indices = ArrayAt<uint32_t>(records + place.indices, column.nonzero_count)};
  if (head.kinds[index] == CellKind::kF64) {
    cells.f64 = ArrayAt<double>(records + place.values, column.nonzero_count);
  } else {
    cells.f32 = ArrayAt<float>(records + place.values, column.nonzero_count);
  }
  return cells;
}

constexpr uintptr_t kPage = 4096;

// Linux reads at most the device's read-ahead at once, 128 KiB by default, where it is told what will be needed; so it is told of each such
// piece.
void FetchPages(uintptr_t from, uintptr_t to) {
  constexpr uintptr_t kAtOnce = 128 << 10;
  for (uintptr_t at = from / kPage * kPage; at < to; at += kAtOnce) {
    madvise(reinterpret_cast<void*>(at), std::min(kAtOnce, to - at), MADV_WILLNEED);
  }
}

void TouchPages(uintptr_t from, uintptr_t to) {
  for (uintptr_t at = from; at < to; at = (at / kPage + 1) * kPage) {
    (void)*reinterpret_cast<const volatile std::byte*>(at);
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> Dataset::Open(std::span<const std::byte> bytes,
                                                             std::shared_ptr<const void> keep) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset, OpenWritten(bytes, std::move(keep)));
  RETURN_IF_ERROR(dataset->CompareChecksum());
  return dataset;
}

absl::StatusOr<std::shared_ptr<const Dataset>> Dataset::OpenWritten(std::span<const std::byte> bytes,
                                                                    std::shared_ptr<const void> keep) {
  ASSIGN_OR_RETURN(std::shared_ptr<Dataset> dataset, Make(bytes));
  dataset->keep_ = std::move(keep);
  return dataset;
}

absl::Status Dataset::CompareChecksum() const {
  uint32_t crc = 0;
  std::memcpy(&crc, bytes_.data() + bytes_.size() - sizeof(crc), sizeof(crc));
  if (Crc32c(bytes_.first(bytes_.size() - sizeof(crc)).subspan(head_size_)) == crc) return absl::OkStatus();
  return absl::DataLossError("the cells of the data set's file do not match their checksum");
}

absl::StatusOr<std::shared_ptr<Dataset>> Dataset::Make(std::span<const std::byte> bytes) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(double) != 0) {
    return absl::InvalidArgumentError("the bytes of a data set must be aligned to 8 bytes");
  }
  size_t head_size = 0;
  ASSIGN_OR_RETURN(DatasetHead head,
                   DecodeHead({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, &head_size));
  const RecordLayout layout(head.schema, head.kinds);
  const std::span<const std::byte> body = bytes.subspan(head_size);
  const absl::StatusOr<SparseLayout> sparse = SparseLayout::Make(head);
  if (!sparse.ok() || body.size() != static_cast<size_t>(sparse->size) + sizeof(uint32_t)) {
    return absl::DataLossError("the data set's file is not as long as its head says");
  }

  std::shared_ptr<Dataset> dataset(new Dataset());
  for (size_t i = 0; i < head.schema.columns.size(); ++i) {
    dataset->sparse_.push_back(SparseCellsOf(head, static_cast<int>(i), sparse->places[i], body.data()));
  }
  dataset->bytes_ = bytes;
  dataset->head_size_ = head_size;
  dataset->records_ = body.first(static_cast<size_t>(layout.size * head.row_count));
  dataset->schema_ = std::move(head.schema);
  for (size_t i = 0; i < dataset->schema_.columns.size(); ++i) {
    dataset->columns_.emplace(dataset->schema_.columns[i].name, static_cast<int>(i));
  }
  dataset->row_count_ = head.row_count;
  dataset->places_ = layout.places;
  dataset->u8_ = CellsOf<uint8_t>(CellKind::kU8, layout, head.row_count, body.data());
  dataset->f32_ = CellsOf<float>(CellKind::kF32, layout, head.row_count, body.data());
  dataset->f64_ = CellsOf<double>(CellKind::kF64, layout, head.row_count, body.data());
  dataset->codes_ = CellsOf<uint32_t>(CellKind::kCode, layout, head.row_count, body.data());
  return dataset;
}

std::optional<int> Dataset::FindColumn(std::string_view name) const {
  const auto found = columns_.find(name);
  return found == columns_.end() ? std::nullopt : std::optional(found->second);
}

absl::StatusOr<std::shared_ptr<const Dataset>> Dataset::Open(std::shared_ptr<const MappedFile> file) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset, OpenWritten(std::move(file)));
  RETURN_IF_ERROR(dataset->CompareChecksum());
  return dataset;
}

absl::StatusOr<std::shared_ptr<const Dataset>> Dataset::OpenWritten(std::shared_ptr<const MappedFile> file) {
  ASSIGN_OR_RETURN(std::shared_ptr<Dataset> dataset, Make(std::as_bytes(std::span(file->bytes()))));
  dataset->file_ = std::move(file);
  return dataset;
}

// Shows each stretch of memory that holds cells of these rows to visit(from, to).
template <typename Visit>
void Dataset::ForEachStretch(int64_t begin, int64_t end, Visit visit) const {
  if (begin == end) return;
  const auto show = [&visit](const auto* from, const auto* to) {
    visit(reinterpret_cast<uintptr_t>(from), reinterpret_cast<uintptr_t>(to));
  };
  const size_t record = records_.size() / static_cast<size_t>(row_count_);
  show(records_.data() + static_cast<size_t>(begin) * record, records_.data() + static_cast<size_t>(end) * record);
  for (const SparseCells& cells : sparse_) {
    if (cells.row_begin.empty()) continue;
    show(cells.row_begin.data() + begin, cells.row_begin.data() + end + 1);
    const int64_t first = cells.begin(begin);
    const int64_t last = cells.end(end - 1);
    show(cells.indices.data() + first, cells.indices.data() + last);
    if (!cells.f32.empty()) show(cells.f32.data() + first, cells.f32.data() + last);
    if (!cells.f64.empty()) show(cells.f64.data() + first, cells.f64.data() + last);
  }
}

void Dataset::Fetch(int64_t begin, int64_t end) const { ForEachStretch(begin, end, &FetchPages); }
void Dataset::Await(int64_t begin, int64_t end) const { ForEachStretch(begin, end, &TouchPages); }

void Dataset::Forget(int64_t begin, int64_t end) const {
  if (file_ == nullptr) return;
  const uintptr_t start = reinterpret_cast<uintptr_t>(bytes_.data());
  ForEachStretch(begin, end, [&](uintptr_t from, uintptr_t to) { file_->Forget(from - start, to - start); });
}

bool Dataset::IsInMemory(int64_t begin, int64_t end) const {
  int64_t pages = 0;
  int64_t resident = 0;
  ForEachStretch(begin, end, [&](uintptr_t from, uintptr_t to) {
    std::array<unsigned char, 1024> states;
    for (uintptr_t at = from / kPage * kPage; at < to; at += states.size() * kPage) {
      const uintptr_t count = std::min<uintptr_t>((to - at + kPage - 1) / kPage, states.size());
      if (mincore(reinterpret_cast<void*>(at), count * kPage, states.data()) != 0) continue;
      pages += static_cast<int64_t>(count);
      resident += std::ranges::count_if(states.begin(), states.begin() + count,
                                        [](unsigned char state) { return (state & 1) != 0; });
    }
  });
  return 2 * resident >= pages;
}

double Dataset::Number(int64_t row, int column) const {
  const CellPlace place = places_[column];
  switch (place.kind) {
    case CellKind::kU8:
      return u8_(row, place.index);
    case CellKind::kF32:
      return static_cast<double>(f32_(row, place.index));
    case CellKind::kF64:
      return f64_(row, place.index);
    case CellKind::kCode:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

uint32_t Dataset::Code(int64_t row, int column) const { return codes_(row, places_[column].index); }

}  // namespace trainyard
