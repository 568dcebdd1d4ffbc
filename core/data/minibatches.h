// Which rows each step sees. A function of (rows, seed, step): a run's position among its minibatches is its step, nothing else.

#ifndef TRAINYARD_CORE_DATA_MINIBATCHES_H_
#define TRAINYARD_CORE_DATA_MINIBATCHES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace trainyard {

// A new seeded permutation for each epoch.
struct Permutation {
  friend bool operator==(const Permutation&, const Permutation&) = default;
};

// The order of the data set.
struct InOrder {
  friend bool operator==(const InOrder&, const InOrder&) = default;
};

using MinibatchOrder = std::variant<Permutation, InOrder>;

// All rows at each step.
struct FullBatch {
  friend bool operator==(const FullBatch&, const FullBatch&) = default;
};

// Default: 32, or all rows where there are fewer.
struct DefaultSize {
  friend bool operator==(const DefaultSize&, const DefaultSize&) = default;
};

struct MinibatchOptions {
  std::variant<DefaultSize, int64_t, FullBatch> batch =
      DefaultSize();  // int64_t: examples a step, 1 for online learning
  MinibatchOrder order = Permutation();

  friend bool operator==(const MinibatchOptions&, const MinibatchOptions&) = default;
};

// INVALID_ARGUMENT (a FieldError on `size`): a size below 1, or above `row_count` where that is known.
absl::Status Validate(const MinibatchOptions& options, std::optional<int64_t> row_count);

// Not thread-safe; a run owns its own.
class Minibatches {
 public:
  // `rows` ascending, at least one.
  Minibatches(const MinibatchOptions& options, std::vector<uint32_t> rows, uint64_t seed);

  int64_t row_count() const { return static_cast<int64_t>(rows_.size()); }

  // Examples a step; the last minibatch of an epoch may have fewer.
  int64_t size() const { return size_; }
  int64_t steps_per_epoch() const { return (row_count() + size_ - 1) / size_; }

  // Examples seen in steps 0 .. step - 1.
  int64_t ExamplesBefore(int64_t step) const;

  // The rows of step `step`, in the order in which they are summed; ascending where one step takes them all, whatever the order. Valid
  // until the next call. Allocates nothing.
  std::span<const uint32_t> At(int64_t step);

  // All rows, ascending.
  std::span<const uint32_t> rows() const { return rows_; }

 private:
  MinibatchOrder order_;
  std::vector<uint32_t> rows_;
  uint64_t seed_;
  int64_t size_;
  int64_t permuted_epoch_ = -1;
  std::vector<uint32_t> permuted_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_MINIBATCHES_H_
