// Exponential and logarithm from polynomials, the same operations in every instruction set. Relative error below 2^-22 (float) and 2^-51
// (double). What is not a number stays so.

#ifndef TRAINYARD_CORE_KERNEL_FUNCTIONS_H_
#define TRAINYARD_CORE_KERNEL_FUNCTIONS_H_

#include <cstdint>

namespace trainyard::kernel {

// c[0] + c[1] x + ...
template <typename Lanes, int count>
inline typename Lanes::Vector Polynomial(const typename Lanes::Real (&c)[count], typename Lanes::Vector x) {
  auto value = Lanes::Broadcast(c[count - 1]);
#pragma GCC unroll 16
  for (int i = count - 2; i >= 0; --i) value = Lanes::Fma(value, x, Lanes::Broadcast(c[i]));
  return value;
}

// Coefficients fitted at Chebyshev nodes: (e^r - 1 - r) / r^2 for |r| <= ln(2)/2, and (log((1+s)/(1-s)) / s - 2) / s^2 as a polynomial in
// s^2, for |s| <= 0.1716.
template <typename Real>
struct Constants;

template <>
struct Constants<float> {
  static constexpr int kMantissaBits = 23;
  static constexpr uint32_t kExponentBias = 127;
  static constexpr float kRound = 0x1.8p23f;  // adding it leaves an integer in the low bits
  static constexpr float kLog2E = 0x1.715476p0f;
  static constexpr float kLn2High = 0x1.62e4p-1f;  // times any exponent it is exact
  static constexpr float kLn2Low = 1.428606765330187e-06f;
  static constexpr float kLeastExponent = -87.33654f;  // below it e^y is no normal number
  static constexpr float kExp[] = {0.5f, 0x1.5554dcp-3f, 0x1.555518p-5f, 0x1.120c62p-7f, 0x1.6d11fep-10f};
  static constexpr float kLog[] = {0x1.55555cp-1f, 0x1.997c2ap-2f, 0x1.2ee73ep-2f};
  static constexpr float kSqrtHalf = 0x1.6a09e6p-1f;
};

template <>
struct Constants<double> {
  static constexpr int kMantissaBits = 52;
  static constexpr uint64_t kExponentBias = 1023;
  static constexpr double kRound = 0x1.8p52;
  static constexpr double kLog2E = 0x1.71547652b82fep0;
  static constexpr double kLn2High = 0x1.62e42fefa4p-1;
  static constexpr double kLn2Low = -1.7239444525614835e-13;
  static constexpr double kLeastExponent = -708.3964185322641;
  static constexpr double kExp[] = {0.5,
                                    0x1.5555555555557p-3,
                                    0x1.5555555555556p-5,
                                    0x1.111111111009cp-7,
                                    0x1.6c16c16c162b0p-10,
                                    0x1.a01a01ac0a9eep-13,
                                    0x1.a01a01a6ec522p-16,
                                    0x1.71de01c3fc936p-19,
                                    0x1.27e4db25ce3adp-22,
                                    0x1.af4ecd2129492p-26,
                                    0x1.1f7385560be05p-29};
  static constexpr double kLog[] = {0x1.5555555555558p-1, 0x1.99999999952b2p-2, 0x1.2492492df6947p-2,
                                    0x1.c71c62debf86bp-3, 0x1.7462b69705382p-3, 0x1.39fe208c33457p-3,
                                    0x1.2b5b5fb2eac92p-3};
  static constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;
};

// e^y = scale (1 + excess), scale a power of 2, or 0 where e^y would be no normal number. For y <= 0.
template <typename Lanes>
struct Exponential {
  using Vector = typename Lanes::Vector;
  using C = Constants<typename Lanes::Real>;

  explicit Exponential(Vector y) {
    const Vector least = Lanes::Broadcast(C::kLeastExponent);
    const Vector bounded = Lanes::Max(least, y);
    const Vector round = Lanes::Broadcast(C::kRound);
    const Vector rounded = Lanes::Fma(bounded, Lanes::Broadcast(C::kLog2E), round);
    const Vector n = Lanes::Subtract(rounded, round);
    const Vector rough = Lanes::NegatedFma(n, Lanes::Broadcast(C::kLn2High), bounded);
    const Vector r = Lanes::NegatedFma(n, Lanes::Broadcast(C::kLn2Low), rough);
    excess = Lanes::Fma(Lanes::Multiply(r, r), Polynomial<Lanes>(C::kExp, r), r);
    const auto bias = Lanes::BroadcastBits(C::kExponentBias);
    const auto power = Lanes::template ShiftLeft<C::kMantissaBits>(Lanes::AddBits(Lanes::ToBits(rounded), bias));
    scale = Lanes::Select(Lanes::Less(y, least), Lanes::Zero(), Lanes::FromBits(power));
  }

  // e^y
  Vector Value() const { return Lanes::Fma(scale, excess, scale); }

  // e^y - 1, without cancellation.
  Vector MinusOne() const {
    const Vector rest = Lanes::Subtract(scale, Lanes::Broadcast(1));
    return Lanes::Fma(scale, excess, rest);
  }

  Vector scale;
  Vector excess;
};

// log(1 + f), for f in [sqrt(1/2) - 1, sqrt(2) - 1].
template <typename Lanes>
inline typename Lanes::Vector LogNearOne(typename Lanes::Vector f) {
  const auto s = Lanes::Divide(f, Lanes::Add(f, Lanes::Broadcast(2)));
  const auto z = Lanes::Multiply(s, s);
  const auto rest = Lanes::Multiply(z, Polynomial<Lanes>(Constants<typename Lanes::Real>::kLog, z));
  return Lanes::NegatedFma(s, Lanes::Subtract(f, rest), f);
}

// log(x), for finite x >= 1.
template <typename Lanes>
inline typename Lanes::Vector Log(typename Lanes::Vector x) {
  using C = Constants<typename Lanes::Real>;
  const auto bits = Lanes::ToBits(x);
  const auto sqrt_half = Lanes::ToBits(Lanes::Broadcast(C::kSqrtHalf));
  const auto exponent = Lanes::template ShiftRight<C::kMantissaBits>(Lanes::SubtractBits(bits, sqrt_half));
  const auto mantissa = Lanes::SubtractBits(bits, Lanes::template ShiftLeft<C::kMantissaBits>(exponent));
  const auto round = Lanes::Broadcast(C::kRound);
  const auto n = Lanes::Subtract(Lanes::FromBits(Lanes::AddBits(exponent, Lanes::ToBits(round))), round);
  const auto near_one = LogNearOne<Lanes>(Lanes::Subtract(Lanes::FromBits(mantissa), Lanes::Broadcast(1)));
  const auto low = Lanes::Fma(n, Lanes::Broadcast(C::kLn2Low), near_one);
  const auto log = Lanes::Fma(n, Lanes::Broadcast(C::kLn2High), low);
  return Lanes::Select(Lanes::Equal(x, x), log, x);
}

// log(1 + u), for u in [0, 1].
template <typename Lanes>
inline typename Lanes::Vector LogOnePlus(typename Lanes::Vector u) {
  using C = Constants<typename Lanes::Real>;
  const auto large = Lanes::Less(Lanes::Broadcast(2 * C::kSqrtHalf - 1), u);
  const auto half_way = Lanes::Multiply(Lanes::Broadcast(0.5f), Lanes::Subtract(u, Lanes::Broadcast(1)));
  const auto log = LogNearOne<Lanes>(Lanes::Select(large, half_way, u));
  const auto with_ln2 = Lanes::Add(Lanes::Broadcast(C::kLn2High), Lanes::Add(Lanes::Broadcast(C::kLn2Low), log));
  return Lanes::Select(large, with_ln2, log);
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_FUNCTIONS_H_
