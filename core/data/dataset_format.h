// The bytes of a data set, little-endian:
//
//   magic, version, CRC-32C of the rest of the head, size of the head      24 bytes
//   row_count, record size, the schema with the kind of each column        padded with zeros to a multiple of 64 bytes
//   one record a row: its f64 cells, then f32, codes, u8, padded to the size of its widest cell
//   for each sparse column, where each row's numbers begin (u64, row_count + 1), the values (f32 or f64), their indices (u32)
//   CRC-32C of all behind the head                                          4 bytes
//
// So the cells of a kind form a matrix whose stride is the record, and the cells of a row lie together. Where there are sparse columns, the
// records and each of their arrays are padded with zeros to a multiple of 8 bytes. Version 1 knew no sparse columns.

#ifndef TRAINYARD_CORE_DATA_DATASET_FORMAT_H_
#define TRAINYARD_CORE_DATA_DATASET_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/data/byte_sink.h"
#include "core/data/dataset.h"
#include "core/data/schema.h"

namespace trainyard {

inline constexpr size_t kHeadAlignment = 64;

// Bytes of one cell.
int64_t CellSize(CellKind kind);

// Where cells lie in a record.
struct RecordLayout {
  // `kinds` by column; ignored and sparse columns have no cell.
  RecordLayout(const Schema& schema, std::span<const CellKind> kinds);

  std::vector<CellPlace> places;        // by column
  std::array<int64_t, 4> kind_counts;   // by CellKind
  std::array<int64_t, 4> kind_offsets;  // bytes, by CellKind
  int64_t size = 0;                     // bytes

  // Bytes from the record's start to the column's cell.
  int64_t Offset(int column) const;
};

// Whether cells of a column of this type are in the records.
inline bool HasCells(ColumnType type) { return type != ColumnType::kIgnored && type != ColumnType::kSparse; }

struct DatasetHead {
  Schema schema;
  std::vector<CellKind> kinds;  // of a sparse column: kF32 or kF64, of its values
  int64_t row_count = 0;
};

std::string EncodeHead(const DatasetHead& head);

// Where the arrays of the sparse columns are, in bytes from the first record on.
struct SparsePlace {
  int64_t row_begin = 0;
  int64_t values = 0;
  int64_t indices = 0;
};
struct SparseLayout {
  // INVALID_ARGUMENT: counts that are negative or beyond what a file can hold.
  static absl::StatusOr<SparseLayout> Make(const DatasetHead& head);

  std::vector<SparsePlace> places;  // by column
  int64_t size = 0;                 // bytes of records and arrays together
};

// Reads the head of `bytes` and leaves its size in `size`. DATA_LOSS: it is none of this version, or damaged.
absl::StatusOr<DatasetHead> DecodeHead(std::string_view bytes, size_t* size);

// Writes a data set record by record, then the arrays of its sparse columns.
class DatasetWriter {
 public:
  // Call Start, then Record and Commit for each row, then Align, Append and Align for each array, then Finish. An error of `sink` is
  // passed on.
  DatasetWriter(const RecordLayout& layout, ByteSink& sink);

  absl::Status Start(const DatasetHead& head);

  // Puts `head` in place of the one that Start was given. False where it has not the same size: nothing is changed then.
  absl::StatusOr<bool> ReplaceHead(const DatasetHead& head);

  // The next record, zeros; valid until Commit.
  std::byte* Record() { return buffer_.data() + used_; }
  absl::Status Commit();
  absl::Status Append(std::span<const std::byte> bytes);

  // Zeros up to a multiple of 8 bytes.
  absl::Status Align();
  absl::Status Finish();

 private:
  // Writes the first `count` bytes of the buffer.
  absl::Status Flush(int64_t count);

  int64_t record_size_;
  size_t head_size_ = 0;
  ByteSink& sink_;
  std::vector<std::byte> buffer_;
  int64_t used_ = 0;
  int64_t written_ = 0;  // behind the head, what is in the buffer not counted
  uint32_t crc_ = 0;
};

// Writes a cell of a numeric column at `cell`: NaN where missing, else a value that `kind` holds.
void StoreNumber(CellKind kind, double value, std::byte* cell);
void StoreCode(uint32_t code, std::byte* cell);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DATASET_FORMAT_H_
