// The rows of a data set whose only feature is a sparse column, as steps of one example read them: inputs, values and target of a row are one
// run of memory, in the precision of the run, so that a row costs as few lines of the cache and as few pages as there are. Each is packed
// once, when it is first asked for.

#ifndef TRAINYARD_CORE_MODEL_PACKED_ROWS_H_
#define TRAINYARD_CORE_MODEL_PACKED_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/matrix.h"
#include "core/data/encoding.h"

namespace trainyard {

// Not thread-safe. Allocates only where a row is longer than any before.
template <typename Real>
class PackedRows {
 public:
  // `encoder` must outlive this, know the target and have stored rows.
  explicit PackedRows(const RowEncoder& encoder);

  // Bytes that so many rows with so many numbers take; 0 where they are too many to be packed.
  static int64_t MemoryBytes(int64_t row_count, int64_t number_count);

  struct Row {
    SparseRow<Real> inputs;
    TargetBuffer targets;
  };
  Row At(uint32_t row) {
    if (!is_packed(row)) Pack(row);
    std::byte* const at = place(row);
    Head& head = *reinterpret_cast<Head*>(at);
    const Real* const values = reinterpret_cast<const Real*>(at + sizeof(Head));
    return {.inputs = {.inputs = {reinterpret_cast<const uint32_t*>(values + head.count), head.count},
                       .values = {values, head.count},
                       .squares = head.squares},
            .targets = {{&head.target_class, 1}, {&head.number, 1}, {&head.weight, 1}}};
  }

  // The inputs of a row, where it is packed; else none.
  std::span<const uint32_t> InputsAt(uint32_t row) const;

  // Asks for some of the rows that follow, before each row.
  void FetchAhead(std::span<const uint32_t> following) const;

 private:
  struct Head {
    uint32_t count;
    int32_t target_class;
    double number;
    double weight;
    double squares;
  };
  struct Deleter {
    void operator()(std::byte* data) const { FreeCacheLines(data); }
  };

  bool is_packed(uint32_t row) const { return (packed_[row / 64] >> row % 64 & 1) != 0; }
  std::byte* place(uint32_t row) const { return bytes_.get() + static_cast<size_t>(lines_[row]) * kCacheLine; }
  void Pack(uint32_t row);

  const RowEncoder& encoder_;
  std::vector<uint64_t> packed_;                 // a bit for each row
  std::vector<uint32_t> lines_;                  // by row: the line that it begins at; and the end
  std::unique_ptr<std::byte[], Deleter> bytes_;  // of each row: its head, its values, its inputs
  SparseRows<Real> encoded_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_PACKED_ROWS_H_
