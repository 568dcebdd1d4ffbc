// A vector of one element: what the kernels are built on where there is no vector unit, and what the others are compared with.
//
// The three lane types (ScalarLanes, Avx2Lanes, Avx512Lanes) offer the same operations with the same result in every element. Max and Min
// return their second operand where one is not a number, as the instructions do.

#ifndef TRAINYARD_CORE_KERNEL_SCALAR_LANES_H_
#define TRAINYARD_CORE_KERNEL_SCALAR_LANES_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace trainyard::kernel {

template <typename T>
struct ScalarLanes {
  using Real = T;
  using Vector = T;
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  using Mask = bool;
  struct All {};

  static constexpr int kCount = 1;
  static constexpr int kAccumulators = 8;  // of a tile
  static constexpr int kTileRows = 4;
  static constexpr bool kFreeMasks = false;  // whether a masked load costs no more than a plain one

  static Vector Zero() { return 0; }
  static Vector Broadcast(T x) { return x; }
  static Mask FirstLanes(int64_t count) { return count > 0; }

  static Vector Load(const T* from) { return *from; }
  static Vector Load(All, const T* from) { return *from; }
  static Vector Load(Mask mask, const T* from) { return mask ? *from : T{0}; }
  static void Store(T* to, Vector v) { *to = v; }
  static void Store(All, T* to, Vector v) { *to = v; }
  static void Store(Mask mask, T* to, Vector v) {
    if (mask) *to = v;
  }
  static void PrefetchToWrite(const char*) {}

  static Vector Add(Vector a, Vector b) { return a + b; }
  static Vector Subtract(Vector a, Vector b) { return a - b; }
  static Vector Multiply(Vector a, Vector b) { return a * b; }
  static Vector Divide(Vector a, Vector b) { return a / b; }
  static Vector Max(Vector a, Vector b) { return a > b ? a : b; }
  static Vector Min(Vector a, Vector b) { return a < b ? a : b; }
  static Vector Fma(Vector a, Vector b, Vector c) { return std::fma(a, b, c); }          // a b + c
  static Vector NegatedFma(Vector a, Vector b, Vector c) { return std::fma(-a, b, c); }  // c - a b
  static Vector Abs(Vector v) { return std::abs(v); }
  static Vector CopySign(Vector magnitude, Vector sign) { return std::copysign(magnitude, sign); }

  static Mask Less(Vector a, Vector b) { return a < b; }
  static Mask Equal(Vector a, Vector b) { return a == b; }
  static Vector Select(Mask mask, Vector yes, Vector no) { return mask ? yes : no; }

  static Bits BroadcastBits(Bits bits) { return bits; }
  static Bits ToBits(Vector v) { return std::bit_cast<Bits>(v); }
  static Vector FromBits(Bits bits) { return std::bit_cast<Vector>(bits); }
  static Bits AddBits(Bits a, Bits b) { return a + b; }
  static Bits SubtractBits(Bits a, Bits b) { return a - b; }
  template <int count>
  static Bits ShiftLeft(Bits bits) {
    return bits << count;
  }
  template <int count>
  static Bits ShiftRight(Bits bits) {
    return bits >> count;
  }

  // Lanes i and i + n/2 added, for n = kCount, kCount / 2, ... 2.
  static T Sum(Vector v) { return v; }

  // Lane i is Sum(v[i]).
  static Vector Sums(const Vector (&v)[kCount]) { return v[0]; }

  static void Transpose(Vector (&)[kCount]) {}
};

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_SCALAR_LANES_H_
