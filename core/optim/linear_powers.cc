#include "core/optim/linear_powers.h"

#include <cstddef>

namespace trainyard {

LinearStep LinearPowers::AtFirst(int64_t n) {
  while (n >= static_cast<int64_t>(short_.size()) && short_.size() < kShort) {
    short_.push_back(step_.After(short_.back()));
  }
  LinearStep power = short_[static_cast<size_t>(n % kShort)];
  n /= kShort;
  for (size_t b = 0; n > 0; ++b, n /= 2) {
    if (b == square_count_) {
      squares_[b] = b == 0 ? step_.After(short_.back()) : squares_[b - 1].After(squares_[b - 1]);
      ++square_count_;
    }
    if (n % 2 == 1) power = squares_[b].After(power);
  }
  return power;
}

}  // namespace trainyard
