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
    powers_are_of_last_ = false;
    if (head_.run_count > 0) CloseLast();
    runs_[static_cast<size_t>(head_.run_count++)] = {.step = step, .begin = head_.now};
  }
  ++head_.now;
}

void LinearHistory::Forget() {
  head_.run_count = 0;
  powers_are_of_last_ = false;
}

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

// Without a run all is forgotten: the only product is that of no step.
void LinearHistory::TakePowersOfLast() const {
  powers_are_of_last_ = true;
  last_begin_ = head_.run_count > 0 ? last().begin : head_.now;
  const LinearStep step = head_.run_count > 0 ? last().step : LinearStep();
  if (powers_of_ != step) powers_.Set(powers_of_ = step);
}

LinearStep LinearHistory::SinceEarlierRun(int64_t begin) const {
  const auto runs = std::span(runs_).first(static_cast<size_t>(head_.run_count));
  const auto next =
      std::upper_bound(runs.begin(), runs.end(), begin, [](int64_t step, const Run& run) { return step < run.begin; });
  const size_t index = static_cast<size_t>(next - runs.begin());  // of the run behind the one that `begin` is in
  const LinearStep rest = runs[index - 1].step.Power(next->begin - begin);
  return powers_.At(head_.now - last_begin_).After(Product(index, runs.size() - 1).After(rest));
}

}  // namespace trainyard
