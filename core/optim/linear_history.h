// The linear steps that some pairs (theta, v) have yet to make, and their products over any stretch up to now.
//
// Equal steps that follow each other are kept as one run, so that a rule that stays the same takes no room; a product over many runs takes
// as many multiplications as their number has binary digits, from the products of blocks of 2, 4, 8, … runs.

#ifndef TRAINYARD_CORE_OPTIM_LINEAR_HISTORY_H_
#define TRAINYARD_CORE_OPTIM_LINEAR_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/optim/linear_powers.h"

namespace trainyard {

// Not thread-safe.
class LinearHistory {
 public:
  // Room for `max_runs` > 0 runs, rounded up to a power of two.
  explicit LinearHistory(int64_t max_runs);

  // Steps appended, forgotten ones among them.
  int64_t now() const { return head_.now; }

  // Whether there is room for `step`; always after Forget.
  bool Fits(const LinearStep& step) const;
  void Append(const LinearStep& step);

  // Forgets all steps until now.
  void Forget();

  // The last run of equal steps: the step, and the number of the first of them. After Forget: no step, now.
  const LinearStep& last_step() const {
    if (!powers_are_of_last_) TakePowersOfLast();
    return powers_of_;
  }
  int64_t last_begin() const {
    if (!powers_are_of_last_) TakePowersOfLast();
    return last_begin_;
  }

  // The steps from number `begin` on, which is not forgotten, to now, as one.
  LinearStep Since(int64_t begin) const {
    if (!powers_are_of_last_) TakePowersOfLast();
    if (begin >= last_begin_) return powers_.At(head_.now - begin);
    return SinceEarlierRun(begin);
  }

  // All of the state.
  std::span<std::byte> head_bytes() {
    powers_are_of_last_ = false;
    return std::as_writable_bytes(std::span(&head_, 1));
  }
  std::span<std::byte> run_bytes() {
    powers_are_of_last_ = false;
    return std::as_writable_bytes(std::span(runs_));
  }
  std::span<std::byte> product_bytes() { return std::as_writable_bytes(std::span(products_)); }

 private:
  struct Run {
    LinearStep step;
    int64_t begin = 0;
  };
  struct Head {
    int64_t now = 0;
    int64_t run_count = 0;  // the last one may yet grow
  };

  const Run& last() const { return runs_[static_cast<size_t>(head_.run_count - 1)]; }
  void CloseLast();

  // Of the closed runs [begin, end).
  LinearStep Product(size_t begin, size_t end) const;
  void TakePowersOfLast() const;
  LinearStep SinceEarlierRun(int64_t begin) const;

  Head head_;
  std::vector<Run> runs_;

  // By node of a binary tree whose root is 1 and whose leaves, the closed runs, begin at runs_.size(): the product of those below it,
  // where all of them are closed.
  std::vector<LinearStep> products_;

  // Of the last run, where the flag says so; else of the one that was it.
  mutable bool powers_are_of_last_ = false;
  mutable int64_t last_begin_ = 0;
  mutable LinearStep powers_of_;
  mutable LinearPowers powers_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LINEAR_HISTORY_H_
