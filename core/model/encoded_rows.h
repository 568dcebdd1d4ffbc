// The rows of a data set as a run sees them. Each is encoded once, when it is first asked for, where all of them fit in a budget of memory;
// else each time.

#ifndef TRAINYARD_CORE_MODEL_ENCODED_ROWS_H_
#define TRAINYARD_CORE_MODEL_ENCODED_ROWS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/matrix.h"
#include "core/data/encoding.h"
#include "core/kernel/kernels.h"

namespace trainyard {

// Elements between two rows of `columns` elements: an odd number of cache lines, since rows of a power of two bytes would fall on the same
// few sets of a cache.
template <typename Real>
constexpr int64_t RowStride(int64_t columns) {
  constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(Real));
  return ((columns + kLine - 1) / kLine | 1) * kLine;
}

// Not thread-safe.
template <typename Real>
class EncodedRows {
 public:
  // `encoder` must outlive this and know the target.
  explicit EncodedRows(const RowEncoder& encoder);

  // Bytes that the encoded rows of a data set take; 0 where they are not kept.
  static int64_t MemoryBytes(int64_t row_count, int64_t input_count);

  // Whether they are kept; then the data set is read once for each row.
  bool keeps_rows() const { return !encoded_.empty(); }

  // Writes inputs and targets of `rows`. Rows of `inputs` are RowStride(input_count + 1) apart and have a constant 1 as last element.
  void Gather(std::span<const uint32_t> rows, MatrixView<Real> inputs, const TargetBuffer& targets);

 private:
  struct Deleter {
    void operator()(Real* data) const { FreeCacheLines(data); }
  };

  void Encode(uint32_t row);

  const RowEncoder& encoder_;
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  const int64_t stride_;
  std::vector<uint8_t> encoded_;             // by row; empty where rows are not kept
  std::unique_ptr<Real[], Deleter> inputs_;  // [rows, stride], the constant 1 among them
  std::vector<int32_t> classes_;             // by row; or
  std::vector<double> numbers_;
  std::vector<double> weights_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_ENCODED_ROWS_H_
