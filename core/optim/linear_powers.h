// Powers of one 2 x 2 matrix, which moves a pair (theta, v) by many steps at once.

#ifndef TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_
#define TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace trainyard {

// theta <- tt theta + tv v;  v <- vt theta + vv v
struct LinearStep {
  double tt = 1;
  double tv = 0;
  double vt = 0;
  double vv = 1;

  // This after `first`.
  LinearStep After(const LinearStep& first) const {
    return {tt * first.tt + tv * first.vt, tt * first.tv + tv * first.vv, vt * first.tt + vv * first.vt,
            vt * first.tv + vv * first.vv};
  }

  // This made n times, n >= 0.
  LinearStep Power(int64_t n) const {
    LinearStep power;
    LinearStep square = *this;
    for (; n > 0; n /= 2) {
      if (n % 2 == 1) power = square.After(power);
      if (n > 1) square = square.After(square);
    }
    return power;
  }

  friend bool operator==(const LinearStep&, const LinearStep&) = default;
};

// Many powers of one step, each computed once: a product for each of the first few thousand, few products for one of the rest.
// Not thread-safe.
class LinearPowers {
 public:
  explicit LinearPowers(const LinearStep& step) {
    short_.reserve(kShort);
    Set(step);
  }

  void Set(const LinearStep& step) {
    step_ = step;
    short_.assign(1, LinearStep());
    square_count_ = 0;
  }

  // As Power, but for rounding. Allocates nothing.
  LinearStep At(int64_t n) {
    if (n < static_cast<int64_t>(short_.size())) return short_[static_cast<size_t>(n)];
    return AtFirst(n);
  }

 private:
  static constexpr int64_t kShort = 4096;

  // As At, for a power that was not asked for before.
  LinearStep AtFirst(int64_t n);

  LinearStep step_;
  std::vector<LinearStep> short_;       // made 0, 1, … times
  std::array<LinearStep, 64> squares_;  // made kShort 2^b times
  size_t square_count_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_
