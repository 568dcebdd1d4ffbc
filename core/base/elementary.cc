#include "core/base/elementary.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

namespace trainyard {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastNormal = std::numeric_limits<double>::min();

// |a| >= |b| or a = 0.
DoubleDouble SumOf(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

DoubleDouble UnorderedSumOf(double a, double b) {
  const double sum = a + b;
  const double of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}

DoubleDouble ProductOf(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

// |a| >= |b| or a = 0.
DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble sum = SumOf(a.high, b.high);
  return SumOf(sum.high, sum.low + (a.low + b.low));
}

DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble product = ProductOf(a.high, b.high);
  return SumOf(product.high, product.low + (a.high * b.low + a.low * b.high));
}

// c_0 + c_1 x + c_2 x^2 + ..., the even powers beside the odd ones.
template <size_t count>
double Polynomial(double x, const std::array<double, count>& coefficients) {
  const double square = x * x;
  double sums[2] = {};
  for (size_t i = count; i-- > 0;) sums[i % 2] = std::fma(sums[i % 2], square, coefficients[i]);
  return std::fma(sums[1], x, sums[0]);
}

// 1/first!, 1/(first + step)!, ..., with signs in turn where `sign` is -1.
template <int count>
constexpr std::array<double, count> InverseFactorials(int first, int step, double sign) {
  std::array<double, count> inverses = {};
  double factorial = 1;
  double of_term = 1;
  for (int n = 1, i = 0; i < count; ++n) {
    factorial *= n;
    if (n < first || (n - first) % step != 0) continue;
    inverses[i++] = of_term / factorial;
    of_term *= sign;
  }
  return inverses;
}

// 1/first, 1/(first + 2), ...
template <int count>
constexpr std::array<double, count> InverseOddNumbers(int first) {
  std::array<double, count> inverses = {};
  for (int i = 0; i < count; ++i) inverses[i] = 1.0 / (first + 2 * i);
  return inverses;
}

// ln 2, the first with 41 bits: its product with an exponent is exact.
constexpr DoubleDouble kLn2 = {0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45};
constexpr DoubleDouble kPi = {0x1.921fb54442d18p1, 0x1.1a62633145c07p-53};
constexpr DoubleDouble kThird = {1.0 / 3, 0x1.5555555555555p-56};
constexpr DoubleDouble kFifth = {1.0 / 5, -0x1.999999999999ap-57};

// ln x = k ln 2 + ln m, x = 2^k m, m within a factor sqrt(2) of 1. With s = (m - 1) / (m + 1):
//   ln m = 2 (s + s^3/3 + s^5/5 + ...), s^2 < 0.0295.
struct LogArgument {
  double k;
  DoubleDouble s;
};

LogArgument Reduced(double x) {
  constexpr auto kLeast = std::bit_cast<uint64_t>(1 / std::numbers::sqrt2);
  const auto bits = std::bit_cast<uint64_t>(x);
  const uint64_t k = static_cast<uint64_t>(static_cast<int64_t>(bits - kLeast) >> 52);
  const double m = std::bit_cast<double>(bits - (k << 52));
  const DoubleDouble divisor = UnorderedSumOf(m, 1);
  const double inverse = 1 / divisor.high;
  const double quotient = (m - 1) * inverse;
  const double rest = std::fma(-quotient, divisor.high, m - 1) - quotient * divisor.low;
  return {static_cast<double>(static_cast<int64_t>(k)), SumOf(quotient, rest * inverse)};
}

double RoundedLog(double x) {
  const auto [k, s] = Reduced(x);
  static constexpr auto kSeries = InverseOddNumbers<10>(3);
  const double square = s.high * s.high;
  const DoubleDouble log = SumOf(k * kLn2.high, 2 * s.high);
  return log.high + (log.low + (k * kLn2.low + 2 * (s.low + s.high * square * Polynomial(square, kSeries))));
}

DoubleDouble PreciseLog(double x) {
  const auto [k, s] = Reduced(x);
  static constexpr auto kHigher = InverseOddNumbers<11>(7);
  const DoubleDouble square = s * s;
  const DoubleDouble from_fifth = kFifth + DoubleDouble{square.high * Polynomial(square.high, kHigher), 0};
  const DoubleDouble series = s + s * (square * (kThird + square * from_fifth));
  return DoubleDouble{k * kLn2.high, k * kLn2.low} + DoubleDouble{2 * series.high, 2 * series.low};
}

// e^(n ln 2 + r) = 2^n (1 + r + r^2/2! + r^3/3! + ...), |r| <= (ln 2) / 2.
double ExpOf(DoubleDouble x) {
  const double n = std::nearbyint(x.high * std::numbers::log2e);
  const DoubleDouble r = UnorderedSumOf(std::fma(-n, kLn2.high, x.high), x.low - n * kLn2.low);
  static constexpr auto kHigher = InverseFactorials<13>(2, 1, 1);
  const DoubleDouble first = SumOf(1, r.high);
  const double small = r.high * r.high * Polynomial(r.high, kHigher) + std::fma(r.low, r.high, r.low);
  const double value = first.high + (first.low + small);
  // In two steps, since neither 2^1024 nor the half of the least normal number is one.
  const double half_scale = std::bit_cast<double>(static_cast<uint64_t>(1023 + static_cast<int64_t>(n) / 2) << 52);
  const double rest_of_scale =
      std::bit_cast<double>(static_cast<uint64_t>(1023 + static_cast<int64_t>(n) - static_cast<int64_t>(n) / 2) << 52);
  const double result = value * half_scale * rest_of_scale;
  return result < kLeastNormal ? 0 : result;
}

}  // namespace

double Log(double x) {
  if (std::isnan(x) || x <= -kLeastNormal) return std::numeric_limits<double>::quiet_NaN();
  if (x < kLeastNormal) return -kInfinity;
  return x == kInfinity ? x : RoundedLog(x);
}

PowersOf::PowersOf(double x) : log_{Log(x), 0} {
  if (std::isfinite(log_.high)) log_ = PreciseLog(x);
}

double PowersOf::operator()(double y) const {
  if (y == 0 || log_.high == 0) return 1;
  constexpr double kBeyondAllDoubles = 710;
  const double estimate = y * log_.high;
  if (estimate > kBeyondAllDoubles) return kInfinity;
  if (estimate < -kBeyondAllDoubles) return 0;
  return std::isnan(estimate) ? estimate : ExpOf(log_ * DoubleDouble{y, 0});
}

double CosOfPi(double a) {
  const double quarters = std::nearbyint(2 * a);
  const DoubleDouble y = kPi * DoubleDouble{std::fma(-0.5, quarters, a), 0};  // within pi/4 of 0
  const double square = y.high * y.high;
  const auto turn = static_cast<uint64_t>(static_cast<int64_t>(quarters)) % 4;
  if (turn % 2 == 1) {
    static constexpr auto kSine = InverseFactorials<9>(3, 2, -1);
    const double sine = y.high + (y.low - y.high * square * Polynomial(square, kSine));
    return turn == 1 ? -sine : sine;
  }
  static constexpr auto kCosine = InverseFactorials<8>(4, 2, -1);
  const DoubleDouble first = SumOf(1, -square / 2);
  const double cosine = first.high + (first.low + (square * square * Polynomial(square, kCosine) - y.high * y.low));
  return turn == 0 ? cosine : -cosine;
}

}  // namespace trainyard
