#include "core/optim/linear_history.h"

#include <algorithm>
#include <bit>

namespace trainyard {

LinearHistory::LinearHistory(int64_t max_runs)
    : runs_(std::bit_ceil(static_cast<size_t>(max_runs))), products_(2 * runs_.size()), powers_(LinearStep()) {}

bool LinearHistory::Fits(const LinearStep& step) const {
  return head_.run_count < static_cast<int64_t>(runs_.size()) || last().step == step;
}

void LinearHistory::Append(const LinearStep& step) {
  if (head_.run_count == 0 || last().step != step) {
    if (head_.run_count > 0) CloseLast();
    runs_[static_cast<size_t>(head_.run_count++)] = {.step = step, .begin = head_.now};
  }
  ++head_.now;
}

void LinearHistory::Forget() { head_.run_count = 0; }

void LinearHistory::CloseLast() {
  size_t node = runs_.size() + static_cast<size_t>(head_.run_count - 1);
  products_[node] = last().step.Power(head_.now - last().begin);
  for (; node % 2 == 1 && node > 1; node /= 2) products_[node / 2] = products_[node].After(products_[node - 1]);
}

LinearStep LinearHistory::Product(size_t begin, size_t end) const {
  LinearStep first;
  LinearStep second;
  begin += runs_.size();
  end += runs_.size();
  for (; begin < end; begin /= 2, end /= 2) {
    if (begin % 2 == 1) first = products_[begin++].After(first);
    if (end % 2 == 1) second = second.After(products_[--end]);
  }
  return second.After(first);
}

const LinearPowers& LinearHistory::PowersOfLast() const {
  if (powers_of_ != last().step) powers_.Set(powers_of_ = last().step);
  return powers_;
}

LinearStep LinearHistory::Since(int64_t begin) const {
  if (begin == head_.now) return LinearStep();
  if (begin >= last().begin) return PowersOfLast().At(head_.now - begin);
  const auto runs = std::span(runs_).first(static_cast<size_t>(head_.run_count));
  const auto next =
      std::upper_bound(runs.begin(), runs.end(), begin, [](int64_t step, const Run& run) { return step < run.begin; });
  const size_t index = static_cast<size_t>(next - runs.begin());  // of the run behind the one that `begin` is in
  const LinearStep rest = runs[index - 1].step.Power(next->begin - begin);
  return PowersOfLast().At(head_.now - last().begin).After(Product(index, runs.size() - 1).After(rest));
}

}  // namespace trainyard
