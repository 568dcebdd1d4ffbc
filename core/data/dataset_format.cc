#include "core/data/dataset_format.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/crc32c.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr std::string_view kMagic = "trainyrd";
constexpr uint32_t kVersion = 2;
constexpr uint32_t kVersionWithoutSparse = 1;
constexpr size_t kChecksumAt = 12;
constexpr size_t kHeadSizeAt = 16;
constexpr int64_t kBufferSize = 256 << 10;

// Pieces are written from multiples of this on: the system copies them in large pages, and takes none twice.
constexpr int64_t kPieceAlignment = 64 << 10;
constexpr int64_t kArrayAlignment = 8;
constexpr int64_t kMaxFileSize = int64_t{1} << 60;

class HeadEncoder {
 public:
  template <typename T>
  void Put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    text_.append(text);
  }
  void PutColumn(const Column& column, CellKind kind) {
    PutText(column.name);
    Put(static_cast<uint8_t>(column.type));
    Put(static_cast<uint8_t>(column.role));
    Put(static_cast<uint8_t>(kind));
    Put(column.missing_count);
    Put(column.numeric);
    Put(static_cast<uint32_t>(column.categories.size()));
    for (const Category& category : column.categories) {
      PutText(category.value);
      Put(category.count);
    }
    Put(column.width);
    Put(column.nonzero_count);
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

// Reads what HeadEncoder wrote; ok() is false once the bytes ended early or held no such value.
class HeadDecoder {
 public:
  explicit HeadDecoder(std::string_view bytes, uint32_t version = kVersion) : bytes_(bytes), version_(version) {}

  template <typename T>
  T Get() {
    T value{};
    const std::string_view taken = Take(sizeof(T));
    if (ok_) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  template <typename Enum>
  Enum GetEnum(Enum last) {
    const uint8_t value = Get<uint8_t>();
    if (value > static_cast<uint8_t>(last)) ok_ = false;
    return static_cast<Enum>(ok_ ? value : 0);
  }
  std::string GetText() { return std::string(Take(Get<uint32_t>())); }
  std::pair<Column, CellKind> GetColumn() {
    Column column;
    column.name = GetText();
    column.type = GetEnum(version_ == kVersionWithoutSparse ? ColumnType::kIgnored : ColumnType::kSparse);
    column.role = GetEnum(ColumnRole::kSplit);
    const CellKind kind = GetEnum(CellKind::kCode);
    column.missing_count = Get<int64_t>();
    column.numeric = Get<NumericStatistics>();
    const uint32_t categories = Get<uint32_t>();
    for (uint32_t i = 0; i < categories && ok_; ++i) {
      std::string value = GetText();
      column.categories.push_back({std::move(value), Get<int64_t>()});
    }
    if (version_ != kVersionWithoutSparse) {
      column.width = Get<int64_t>();
      column.nonzero_count = Get<int64_t>();
    }
    return {std::move(column), kind};
  }
  bool ok() const { return ok_; }

 private:
  std::string_view Take(size_t size) {
    if (size > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  uint32_t version_;
  bool ok_ = true;
};

// A head that is read as of another version does not match its checksum.
uint32_t ChecksumSeed(uint32_t version) { return version == kVersionWithoutSparse ? 0 : version; }

absl::Status Damaged() { return absl::DataLossError("the head of the data set's file is damaged"); }

}  // namespace

int64_t CellSize(CellKind kind) {
  switch (kind) {
    case CellKind::kU8:
      return 1;
    case CellKind::kF32:
      return 4;
    case CellKind::kF64:
      return 8;
    case CellKind::kCode:
      return 4;
  }
  return 0;
}

RecordLayout::RecordLayout(const Schema& schema, std::span<const CellKind> kinds) : kind_counts{}, kind_offsets{} {
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    int64_t& count = kind_counts[static_cast<size_t>(kinds[i])];
    places.push_back({kinds[i], static_cast<int>(count)});
    if (HasCells(schema.columns[i].type)) ++count;
  }
  int64_t widest = 1;
  for (const CellKind kind : {CellKind::kF64, CellKind::kF32, CellKind::kCode, CellKind::kU8}) {
    const size_t i = static_cast<size_t>(kind);
    kind_offsets[i] = size;
    size += kind_counts[i] * CellSize(kind);
    if (kind_counts[i] > 0) widest = std::max(widest, CellSize(kind));
  }
  size = (size + widest - 1) / widest * widest;
}

int64_t RecordLayout::Offset(int column) const {
  const CellPlace place = places[column];
  return kind_offsets[static_cast<size_t>(place.kind)] + place.index * CellSize(place.kind);
}

std::string EncodeHead(const DatasetHead& head) {
  HeadEncoder encoder;
  encoder.text().append(kMagic);
  encoder.Put(kVersion);
  encoder.Put(uint32_t{0});
  encoder.Put(uint64_t{0});
  encoder.Put(head.row_count);
  encoder.Put(RecordLayout(head.schema, head.kinds).size);
  encoder.Put(static_cast<uint32_t>(head.schema.columns.size()));
  for (size_t i = 0; i < head.schema.columns.size(); ++i) encoder.PutColumn(head.schema.columns[i], head.kinds[i]);

  std::string& text = encoder.text();
  text.resize((text.size() + kHeadAlignment - 1) / kHeadAlignment * kHeadAlignment);
  const uint64_t size = text.size();
  std::memcpy(text.data() + kHeadSizeAt, &size, sizeof(size));
  const uint32_t crc = Crc32c(std::as_bytes(std::span(text)).subspan(kHeadSizeAt), ChecksumSeed(kVersion));
  std::memcpy(text.data() + kChecksumAt, &crc, sizeof(crc));
  return std::move(text);
}

absl::StatusOr<DatasetHead> DecodeHead(std::string_view bytes, size_t* size) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return absl::DataLossError("the file is not a data set of Trainyard");
  HeadDecoder fixed(bytes.substr(kMagic.size()));
  const uint32_t version = fixed.Get<uint32_t>();
  const uint32_t crc = fixed.Get<uint32_t>();
  const uint64_t head_size = fixed.Get<uint64_t>();
  if (!fixed.ok()) return Damaged();
  if (version != kVersion && version != kVersionWithoutSparse) {
    return absl::DataLossError(absl::StrCat("the data set's file has version ", version, ", this program reads ",
                                            kVersionWithoutSparse, " to ", kVersion));
  }
  if (head_size > bytes.size() || head_size <= kHeadSizeAt || head_size % kHeadAlignment != 0) return Damaged();
  if (Crc32c(std::as_bytes(std::span(bytes)).subspan(kHeadSizeAt, head_size - kHeadSizeAt), ChecksumSeed(version)) !=
      crc) {
    return Damaged();
  }
  *size = head_size;

  HeadDecoder decoder(bytes.substr(0, head_size).substr(kHeadSizeAt + sizeof(head_size)), version);
  DatasetHead head;
  head.row_count = decoder.Get<int64_t>();
  const int64_t record_size = decoder.Get<int64_t>();
  const uint32_t columns = decoder.Get<uint32_t>();
  for (uint32_t i = 0; i < columns && decoder.ok(); ++i) {
    auto [column, kind] = decoder.GetColumn();
    head.schema.columns.push_back(std::move(column));
    head.kinds.push_back(kind);
  }
  if (!decoder.ok() || head.row_count < 0) return Damaged();
  if (RecordLayout(head.schema, head.kinds).size != record_size) return Damaged();
  return head;
}

absl::StatusOr<SparseLayout> SparseLayout::Make(const DatasetHead& head) {
  const auto padded = [](int64_t size) { return (size + kArrayAlignment - 1) / kArrayAlignment * kArrayAlignment; };
  const auto faulty = [] { return absl::InvalidArgumentError("the data set is larger than a file can be"); };
  const RecordLayout records(head.schema, head.kinds);
  SparseLayout layout;
  layout.places.resize(head.schema.columns.size());
  if (head.row_count < 0 || head.row_count > kMaxFileSize / std::max<int64_t>(records.size, 8)) return faulty();
  layout.size = head.row_count * records.size;
  for (size_t i = 0; i < head.schema.columns.size(); ++i) {
    const Column& column = head.schema.columns[i];
    if (column.type != ColumnType::kSparse) continue;
    const int64_t count = column.nonzero_count;
    if (count < 0 || count > kMaxFileSize / 16 || layout.size > kMaxFileSize) return faulty();
    SparsePlace& place = layout.places[i];
    place.row_begin = padded(layout.size);
    place.values = place.row_begin + (head.row_count + 1) * static_cast<int64_t>(sizeof(uint64_t));
    place.indices = place.values + padded(count * CellSize(head.kinds[i]));
    layout.size = place.indices + padded(count * static_cast<int64_t>(sizeof(uint32_t)));
  }
  return layout;
}

DatasetWriter::DatasetWriter(const RecordLayout& layout, ByteSink& sink)
    : record_size_(layout.size), sink_(sink), buffer_(static_cast<size_t>(std::max(kBufferSize, layout.size))) {}

absl::Status DatasetWriter::Start(const DatasetHead& head) {
  const std::string bytes = EncodeHead(head);
  head_size_ = bytes.size();
  return sink_.Append(bytes);
}

absl::StatusOr<bool> DatasetWriter::ReplaceHead(const DatasetHead& head) {
  const std::string bytes = EncodeHead(head);
  if (bytes.size() != head_size_) return false;
  RETURN_IF_ERROR(sink_.Overwrite(bytes));
  return true;
}

absl::Status DatasetWriter::Commit() {
  used_ += record_size_;
  if (used_ + record_size_ <= static_cast<int64_t>(buffer_.size())) return absl::OkStatus();
  const int64_t beyond = (static_cast<int64_t>(head_size_) + written_ + used_) % kPieceAlignment;
  return Flush(beyond + record_size_ <= kPieceAlignment ? used_ - beyond : used_);
}

absl::Status DatasetWriter::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), buffer_.size() - static_cast<size_t>(used_));
    std::memcpy(buffer_.data() + used_, bytes.data(), count);
    used_ += static_cast<int64_t>(count);
    bytes = bytes.subspan(count);
    if (used_ == static_cast<int64_t>(buffer_.size())) RETURN_IF_ERROR(Flush(used_));
  }
  return absl::OkStatus();
}

absl::Status DatasetWriter::Align() {
  constexpr std::array<std::byte, kArrayAlignment> kZeros{};
  const int64_t beyond = (written_ + used_) % kArrayAlignment;
  if (beyond == 0) return absl::OkStatus();
  return Append(std::span(kZeros).first(static_cast<size_t>(kArrayAlignment - beyond)));
}

absl::Status DatasetWriter::Flush(int64_t count) {
  const std::span<const std::byte> filled(buffer_.data(), static_cast<size_t>(count));
  crc_ = Crc32c(filled, crc_);
  RETURN_IF_ERROR(sink_.Append({reinterpret_cast<const char*>(filled.data()), filled.size()}));
  std::copy(buffer_.begin() + count, buffer_.begin() + used_, buffer_.begin());
  std::fill(buffer_.begin() + (used_ - count), buffer_.begin() + used_, std::byte{0});
  written_ += count;
  used_ -= count;
  return absl::OkStatus();
}

absl::Status DatasetWriter::Finish() {
  RETURN_IF_ERROR(Flush(used_));
  return sink_.Append({reinterpret_cast<const char*>(&crc_), sizeof(crc_)});
}

void StoreNumber(CellKind kind, double value, std::byte* cell) {
  switch (kind) {
    case CellKind::kU8:
      *cell = static_cast<std::byte>(static_cast<uint8_t>(value));
      return;
    case CellKind::kF32: {
      const float narrow = static_cast<float>(value);
      std::memcpy(cell, &narrow, sizeof(narrow));
      return;
    }
    case CellKind::kF64:
      std::memcpy(cell, &value, sizeof(value));
      return;
    case CellKind::kCode:
      return;
  }
}

void StoreCode(uint32_t code, std::byte* cell) { std::memcpy(cell, &code, sizeof(code)); }

}  // namespace trainyard
