// An immutable data set over bytes that somebody keeps: a memory-mapped file, or a string.
//
// The bytes hold a header, the schema and one record a row, with cells of up to four kinds: u8, f32, f64 (numeric columns, each in the
// narrowest kind that holds all its values exactly) and u32 codes (categorical columns). The cells of a kind form a row-major matrix
// whose stride is the record: bytes stay bytes, and the cells of a row lie together. NaN marks a missing number (a u8 column has none),
// kMissingCode a missing category. Ignored columns are not kept. Sparse columns lie apart, in compressed rows.

#ifndef TRAINYARD_CORE_DATA_DATASET_H_
#define TRAINYARD_CORE_DATA_DATASET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/mapped_file.h"
#include "core/base/matrix.h"
#include "core/data/schema.h"

namespace trainyard {

enum class CellKind : uint8_t { kU8, kF32, kF64, kCode };

inline constexpr uint32_t kMissingCode = 0xFFFFFFFF;

// Where a column's cells are: column `index` of the matrix of its kind.
struct CellPlace {
  CellKind kind;
  int index;
};

// A sparse column: row i has the numbers k in [row_begin[i], row_begin[i + 1]), at indices[k], ascending from 0; none of them is 0. Their
// values are in f32 or in f64, whichever is the narrowest that holds all of them exactly; the other is empty.
struct SparseCells {
  std::span<const int64_t> row_begin;
  std::span<const uint32_t> indices;
  std::span<const float> f32;
  std::span<const double> f64;

  template <typename Real>
  std::span<const Real> As() const {
    if constexpr (std::is_same_v<Real, float>) {
      return f32;
    } else {
      return f64;
    }
  }
  int64_t begin(int64_t row) const { return row_begin[static_cast<size_t>(row)]; }
  int64_t end(int64_t row) const { return row_begin[static_cast<size_t>(row) + 1]; }
  double value(int64_t k) const {
    const size_t i = static_cast<size_t>(k);
    return f64.empty() ? static_cast<double>(f32[i]) : f64[i];
  }
};

// Thread-safe.
class Dataset {
 public:
  // `keep` keeps `bytes` alive, which are aligned to 8 bytes (else INVALID_ARGUMENT). DATA_LOSS: the bytes are not a data set of this version, or do not match their checksum.
  static absl::StatusOr<std::shared_ptr<const Dataset>> Open(std::span<const std::byte> bytes,
                                                             std::shared_ptr<const void> keep);

  // The same for bytes that were written just now: the cells are not compared with their checksum.
  static absl::StatusOr<std::shared_ptr<const Dataset>> OpenWritten(std::span<const std::byte> bytes,
                                                                    std::shared_ptr<const void> keep);

  // Both of a file's bytes, which can leave memory and come back.
  static absl::StatusOr<std::shared_ptr<const Dataset>> Open(std::shared_ptr<const MappedFile> file);
  static absl::StatusOr<std::shared_ptr<const Dataset>> OpenWritten(std::shared_ptr<const MappedFile> file);

  const Schema& schema() const { return schema_; }
  int64_t row_count() const { return row_count_; }

  // The column of this name, in a time that does not grow with their number.
  std::optional<int> FindColumn(std::string_view name) const;

  // Undefined for an ignored or a sparse column.
  CellPlace place(int column) const { return places_[column]; }

  // Empty for a column that is not sparse.
  const SparseCells& sparse(int column) const { return sparse_[column]; }

  // One cell; slow, for previews and tests. NaN where missing.
  double Number(int64_t row, int column) const;
  uint32_t Code(int64_t row, int column) const;

  // Rows [begin, end) are needed soon: asks for all of them from where they are kept, and returns at once.
  void Fetch(int64_t begin, int64_t end) const;

  // Returns when they are in memory. Of rows that were not fetched the system guesses what else will be needed, and reads that as well.
  void Await(int64_t begin, int64_t end) const;

  // They are not needed soon, and may leave memory where they are those of a file. Who reads them later waits for them.
  void Forget(int64_t begin, int64_t end) const;

  // Whether most of what holds them is in memory.
  bool IsInMemory(int64_t begin, int64_t end) const;

  // All cells of a kind, [row_count, columns of that kind].
  MatrixView<const uint8_t> u8() const { return u8_; }
  MatrixView<const float> f32() const { return f32_; }
  MatrixView<const double> f64() const { return f64_; }
  MatrixView<const uint32_t> codes() const { return codes_; }

 private:
  static absl::StatusOr<std::shared_ptr<Dataset>> Make(std::span<const std::byte> bytes);
  absl::Status CompareChecksum() const;
  template <typename Visit>
  void ForEachStretch(int64_t begin, int64_t end, Visit visit) const;

  Dataset() = default;

  std::span<const std::byte> bytes_;
  size_t head_size_ = 0;  // bytes before the first record
  std::span<const std::byte> records_;
  Schema schema_;
  std::unordered_map<std::string_view, int> columns_;  // by name, which is in schema_
  int64_t row_count_ = 0;
  std::vector<CellPlace> places_;
  std::vector<SparseCells> sparse_;  // by column
  MatrixView<const uint8_t> u8_;
  MatrixView<const float> f32_;
  MatrixView<const double> f64_;
  MatrixView<const uint32_t> codes_;
  std::shared_ptr<const void> keep_;
  std::shared_ptr<const MappedFile> file_;  // nullptr: the bytes are those of no file
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DATASET_H_
