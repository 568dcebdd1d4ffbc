// Powers of one 2 x 2 matrix, which moves a pair (theta, v) by many steps at once.

#ifndef TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_
#define TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_

#include <array>
#include <cstdint>

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

// Many powers of one step, at the cost of few multiplications each.

class LinearPowers {
 public:
  explicit LinearPowers(const LinearStep& step) { Set(step); }

  void Set(const LinearStep& step) {
    short_[0] = LinearStep();
    for (size_t n = 1; n < short_.size(); ++n) short_[n] = step.After(short_[n - 1]);
    squares_[0] = step.After(short_.back());
    for (size_t b = 1; b < squares_.size(); ++b) squares_[b] = squares_[b - 1].After(squares_[b - 1]);
  }

  // As Power, but for rounding.
  LinearStep At(int64_t n) const {
    LinearStep power = short_[static_cast<size_t>(n % kShort)];
    n /= kShort;
    for (size_t b = 0; n > 0; ++b, n /= 2) {
      if (n % 2 == 1) power = squares_[b].After(power);
    }
    return power;
  }

 private:
  static constexpr int64_t kShort = 128;

  std::array<LinearStep, kShort> short_;
  std::array<LinearStep, 64> squares_;  // the step made kShort 2^b times
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LINEAR_POWERS_H_
