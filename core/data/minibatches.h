// Which rows each step sees. A function of (rows, seed, step): a run's position among its minibatches is its step, nothing else.

#ifndef TRAINYARD_CORE_DATA_MINIBATCHES_H_
#define TRAINYARD_CORE_DATA_MINIBATCHES_H_

#include <algorithm>
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

// One seeded permutation, the same for each epoch.
struct ShuffledOnce {
  friend bool operator==(const ShuffledOnce&, const ShuffledOnce&) = default;
};

// A permutation for each epoch that is nearly in order: the rows, ascending, are cut into windows (the last may be shorter), which come
// in a permuted order; the rows of each window are permuted.
struct Windowed {
  int64_t rows = 0;  // in a window, at least 1

  friend bool operator==(const Windowed&, const Windowed&) = default;
};

// Each example of a minibatch is drawn from all rows, independently; every minibatch is whole.
struct WithReplacement {
  friend bool operator==(const WithReplacement&, const WithReplacement&) = default;
};

using MinibatchOrder = std::variant<Permutation, InOrder, ShuffledOnce, Windowed, WithReplacement>;

// All rows at each step.
struct FullBatch {
  friend bool operator==(const FullBatch&, const FullBatch&) = default;
};

inline constexpr int64_t kDefaultMinibatch = 32;

// kDefaultMinibatch examples, or all rows where there are fewer.
struct DefaultSize {
  friend bool operator==(const DefaultSize&, const DefaultSize&) = default;
};

struct MinibatchOptions {
  std::variant<DefaultSize, int64_t, FullBatch> batch =
      DefaultSize();  // int64_t: examples a step, 1 for online learning
  MinibatchOrder order = Permutation();

  // Leave out the shorter last minibatch of an epoch.
  bool drop_last = false;

  // Of the order alone; nullopt: the run's.
  std::optional<uint64_t> seed;

  friend bool operator==(const MinibatchOptions&, const MinibatchOptions&) = default;
};

// INVALID_ARGUMENT: a FieldError on `size` (below 1; above `row_count` where that is known, so that no minibatch would be whole), on
// `windowed.rows` (below 1), or on `with_replacement` (with FullBatch, which takes each row once).
absl::Status Validate(const MinibatchOptions& options, std::optional<int64_t> row_count);

// What an epoch consists of.
struct Epoch {
  int64_t minibatch_size = 1;  // of all minibatches but, perhaps, the last
  int64_t steps = 1;
  int64_t examples = 1;  // seen in all steps, counting repeats
};

// For options that are valid for `row_count`.
Epoch EpochOf(const MinibatchOptions& options, int64_t row_count);

// Not thread-safe; a run owns its own.
class Minibatches {
 public:
  // `rows` ascending, at least one.
  Minibatches(const MinibatchOptions& options, std::vector<uint32_t> rows, uint64_t seed);

  int64_t row_count() const { return static_cast<int64_t>(rows_.size()); }

  // Examples a step; the last minibatch of an epoch may have fewer.
  int64_t size() const { return epoch_.minibatch_size; }
  int64_t steps_per_epoch() const { return epoch_.steps; }

  // Examples seen in steps 0 .. step - 1.
  int64_t ExamplesBefore(int64_t step) const;

  // The rows of step `step`, in the order in which they are summed; ascending where one step takes them all once, whatever the order.
  // Valid until the next call. Allocates nothing; costs least where steps come one after the other.
  std::span<const uint32_t> At(int64_t step) {
    GoTo(step);
    return std::span(epoch_rows()).subspan(static_cast<size_t>(begin_), static_cast<size_t>(end_ - begin_));
  }

  // Up to `count` rows that follow those of the step of the last At, in the order in which later steps see them; fewer where they are not
  // drawn yet.
  std::span<const uint32_t> Following(int64_t count) const {
    const int64_t size = std::min(count, epoch_end_ - end_);
    return std::span(epoch_rows()).subspan(static_cast<size_t>(end_), static_cast<size_t>(size));
  }

  // Whether there are windows.
  bool windowed() const { return std::holds_alternative<Windowed>(order_); }

  // Of windowed minibatches, where the step of the last At is the first whose last row is of another window than that of the step before:
  // the rows of the window `ahead` > 0 windows behind it, ascending, where that is of the same epoch or the one after it; they are needed
  // soon, all of them. Else empty.
  std::span<const uint32_t> NextWindow(int64_t ahead) const;

  // All rows, ascending.
  std::span<const uint32_t> rows() const { return rows_; }

 private:
  void GoTo(int64_t step) {
    if (step == step_ + 1 && end_ < epoch_end_) {
      step_ = step;
      begin_ = end_;
      end_ = std::min(begin_ + size(), epoch_end_);
    } else {
      GoToAny(step);
    }
  }
  void GoToAny(int64_t step);
  const std::vector<uint32_t>& epoch_rows() const { return std::holds_alternative<InOrder>(order_) ? rows_ : drawn_; }

  // Fill `drawn_` with the rows of an epoch, or with those of a step.
  void Draw(const Permutation&, int64_t epoch);
  void Draw(const Windowed& windowed, int64_t epoch);
  void Draw(const WithReplacement&, int64_t step);

  void DrawWindows(int64_t epoch, std::vector<uint32_t>& windows) const;

  // The same, once.
  template <typename Order>
  void DrawOnce(const Order& order, int64_t epoch);
  void DrawOnce(const InOrder&, int64_t) {}
  void DrawOnce(const ShuffledOnce&, int64_t) { DrawOnce(Permutation(), 0); }

  MinibatchOrder order_;
  std::vector<uint32_t> rows_;
  uint64_t seed_;
  Epoch epoch_;
  // The step of the last At, and where its rows lie in drawn_, or in rows_ where they are not drawn; and where those of its epoch, or with
  // replacement its own, end.
  int64_t step_ = -1;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  int64_t epoch_end_ = 0;

  int64_t drawn_for_ = -1;  // the epoch, or the step, whose rows `drawn_` holds
  std::vector<uint32_t> drawn_;
  std::vector<uint32_t> windows_;       // their numbers, in the order of the epoch
  std::vector<uint32_t> next_windows_;  // of the epoch after it
  int64_t last_window_at_ = 0;          // the index there of the data's last one

  // The index in `windows_` of the window that the row at this place of the epoch is in.
  int64_t WindowAt(const Windowed& windowed, int64_t place) const;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_MINIBATCHES_H_
