// Vectors of 256 bits with fused multiply-add; the operations are those of scalar_lanes.h.

#ifndef TRAINYARD_CORE_KERNEL_AVX2_LANES_H_
#define TRAINYARD_CORE_KERNEL_AVX2_LANES_H_

#include <immintrin.h>

#include <cstdint>

namespace trainyard::kernel {

template <typename T>
struct Avx2Lanes;

template <>
struct Avx2Lanes<float> {
  using Real = float;
  using Vector = __m256;
  using Bits = __m256i;
  using Mask = __m256;  // lanes of ones and of zeros
  struct All {};

  static constexpr int kCount = 8;
  static constexpr int kAccumulators = 12;
  static constexpr int kTileRows = 6;
  static constexpr bool kFreeMasks = false;

  static Vector Zero() { return _mm256_setzero_ps(); }
  static Vector Broadcast(float x) { return _mm256_set1_ps(x); }
  static Mask FirstLanes(int64_t count) {
    const int64_t bounded = count < kCount ? count : kCount;
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(bounded)), lanes));
  }

  static Vector Load(const float* from) { return _mm256_loadu_ps(from); }
  static Vector Load(All, const float* from) { return Load(from); }
  static Vector Load(Mask mask, const float* from) { return _mm256_maskload_ps(from, _mm256_castps_si256(mask)); }
  static void Store(float* to, Vector v) { _mm256_storeu_ps(to, v); }
  static void Store(All, float* to, Vector v) { Store(to, v); }
  static void Store(Mask mask, float* to, Vector v) { _mm256_maskstore_ps(to, _mm256_castps_si256(mask), v); }
  static void PrefetchToWrite(const char* at) { __builtin_prefetch(at, 1); }

  static Vector Add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector Subtract(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector Multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector Divide(Vector a, Vector b) { return _mm256_div_ps(a, b); }
  static Vector Max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
  static Vector Min(Vector a, Vector b) { return _mm256_min_ps(a, b); }
  static Vector Fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector NegatedFma(Vector a, Vector b, Vector c) { return _mm256_fnmadd_ps(a, b, c); }
  static Vector Abs(Vector v) { return _mm256_and_ps(v, Magnitude()); }
  static Vector CopySign(Vector magnitude, Vector sign) {
    return _mm256_or_ps(_mm256_and_ps(Magnitude(), magnitude), _mm256_andnot_ps(Magnitude(), sign));
  }

  static Mask Less(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static Mask Equal(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static Vector Select(Mask mask, Vector yes, Vector no) { return _mm256_blendv_ps(no, yes, mask); }

  static Bits BroadcastBits(int64_t bits) { return _mm256_set1_epi32(static_cast<int>(bits)); }
  static Bits ToBits(Vector v) { return _mm256_castps_si256(v); }
  static Vector FromBits(Bits bits) { return _mm256_castsi256_ps(bits); }
  static Bits AddBits(Bits a, Bits b) { return _mm256_add_epi32(a, b); }
  static Bits SubtractBits(Bits a, Bits b) { return _mm256_sub_epi32(a, b); }
  template <int count>
  static Bits ShiftLeft(Bits bits) {
    return _mm256_slli_epi32(bits, count);
  }
  template <int count>
  static Bits ShiftRight(Bits bits) {
    return _mm256_srli_epi32(bits, count);
  }

  static float Sum(Vector v) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }

  // Lane i is Sum(v[i]).
  static Vector Sums(const Vector (&v)[kCount]) {
    Vector fours[4];  // of two vectors in each
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      fours[i] = Add(_mm256_permute2f128_ps(v[i], v[i + 4], 0x20), _mm256_permute2f128_ps(v[i], v[i + 4], 0x31));
    }
    const Vector low = Add(UnpackLow(fours[0], fours[1]), UnpackHigh(fours[0], fours[1]));
    const Vector high = Add(UnpackLow(fours[2], fours[3]), UnpackHigh(fours[2], fours[3]));
    return Add(_mm256_shuffle_ps(low, high, 0x88), _mm256_shuffle_ps(low, high, 0xdd));
  }

  static void Transpose(Vector (&rows)[kCount]) {
    Vector pairs[kCount];
#pragma GCC unroll 4
    for (int i = 0; i < kCount; i += 2) {
      pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    Vector quads[kCount];  // quads[4 g + c]: columns c and 4 + c of rows 4 g to 4 g + 3
#pragma GCC unroll 2
    for (int g = 0; g < kCount; g += 4) {
      quads[g] = _mm256_shuffle_ps(pairs[g], pairs[g + 2], 0x44);
      quads[g + 1] = _mm256_shuffle_ps(pairs[g], pairs[g + 2], 0xee);
      quads[g + 2] = _mm256_shuffle_ps(pairs[g + 1], pairs[g + 3], 0x44);
      quads[g + 3] = _mm256_shuffle_ps(pairs[g + 1], pairs[g + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      rows[c] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x20);
      rows[c + 4] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x31);
    }
  }

 private:
  static Vector Magnitude() { return _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff)); }
  static Vector UnpackLow(Vector a, Vector b) {
    return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
  }
  static Vector UnpackHigh(Vector a, Vector b) {
    return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
  }
};

template <>
struct Avx2Lanes<double> {
  using Real = double;
  using Vector = __m256d;
  using Bits = __m256i;
  using Mask = __m256d;  // lanes of ones and of zeros
  struct All {};

  static constexpr int kCount = 4;
  static constexpr int kAccumulators = 12;
  static constexpr int kTileRows = 6;
  static constexpr bool kFreeMasks = false;

  static Vector Zero() { return _mm256_setzero_pd(); }
  static Vector Broadcast(double x) { return _mm256_set1_pd(x); }
  static Mask FirstLanes(int64_t count) {
    const int64_t bounded = count < kCount ? count : kCount;
    const __m256i lanes = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_castsi256_pd(_mm256_cmpgt_epi64(_mm256_set1_epi64x(bounded), lanes));
  }

  static Vector Load(const double* from) { return _mm256_loadu_pd(from); }
  static Vector Load(All, const double* from) { return Load(from); }
  static Vector Load(Mask mask, const double* from) { return _mm256_maskload_pd(from, _mm256_castpd_si256(mask)); }
  static void Store(double* to, Vector v) { _mm256_storeu_pd(to, v); }
  static void Store(All, double* to, Vector v) { Store(to, v); }
  static void Store(Mask mask, double* to, Vector v) { _mm256_maskstore_pd(to, _mm256_castpd_si256(mask), v); }
  static void PrefetchToWrite(const char* at) { __builtin_prefetch(at, 1); }

  static Vector Add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  static Vector Subtract(Vector a, Vector b) { return _mm256_sub_pd(a, b); }
  static Vector Multiply(Vector a, Vector b) { return _mm256_mul_pd(a, b); }
  static Vector Divide(Vector a, Vector b) { return _mm256_div_pd(a, b); }
  static Vector Max(Vector a, Vector b) { return _mm256_max_pd(a, b); }
  static Vector Min(Vector a, Vector b) { return _mm256_min_pd(a, b); }
  static Vector Fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
  static Vector NegatedFma(Vector a, Vector b, Vector c) { return _mm256_fnmadd_pd(a, b, c); }
  static Vector Abs(Vector v) { return _mm256_and_pd(v, Magnitude()); }
  static Vector CopySign(Vector magnitude, Vector sign) {
    return _mm256_or_pd(_mm256_and_pd(Magnitude(), magnitude), _mm256_andnot_pd(Magnitude(), sign));
  }

  static Mask Less(Vector a, Vector b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
  static Mask Equal(Vector a, Vector b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
  static Vector Select(Mask mask, Vector yes, Vector no) { return _mm256_blendv_pd(no, yes, mask); }

  static Bits BroadcastBits(int64_t bits) { return _mm256_set1_epi64x(bits); }
  static Bits ToBits(Vector v) { return _mm256_castpd_si256(v); }
  static Vector FromBits(Bits bits) { return _mm256_castsi256_pd(bits); }
  static Bits AddBits(Bits a, Bits b) { return _mm256_add_epi64(a, b); }
  static Bits SubtractBits(Bits a, Bits b) { return _mm256_sub_epi64(a, b); }
  template <int count>
  static Bits ShiftLeft(Bits bits) {
    return _mm256_slli_epi64(bits, count);
  }
  template <int count>
  static Bits ShiftRight(Bits bits) {
    return _mm256_srli_epi64(bits, count);
  }

  static double Sum(Vector v) {
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }

  // Lane i is Sum(v[i]).
  static Vector Sums(const Vector (&v)[kCount]) {
    const Vector low = Add(_mm256_permute2f128_pd(v[0], v[2], 0x20), _mm256_permute2f128_pd(v[0], v[2], 0x31));
    const Vector high = Add(_mm256_permute2f128_pd(v[1], v[3], 0x20), _mm256_permute2f128_pd(v[1], v[3], 0x31));
    return Add(_mm256_unpacklo_pd(low, high), _mm256_unpackhi_pd(low, high));
  }

  static void Transpose(Vector (&rows)[kCount]) {
    const Vector even_above = _mm256_unpacklo_pd(rows[0], rows[1]);
    const Vector odd_above = _mm256_unpackhi_pd(rows[0], rows[1]);
    const Vector even_below = _mm256_unpacklo_pd(rows[2], rows[3]);
    const Vector odd_below = _mm256_unpackhi_pd(rows[2], rows[3]);
    rows[0] = _mm256_permute2f128_pd(even_above, even_below, 0x20);
    rows[1] = _mm256_permute2f128_pd(odd_above, odd_below, 0x20);
    rows[2] = _mm256_permute2f128_pd(even_above, even_below, 0x31);
    rows[3] = _mm256_permute2f128_pd(odd_above, odd_below, 0x31);
  }

 private:
  static Vector Magnitude() { return _mm256_castsi256_pd(_mm256_set1_epi64x(0x7fffffffffffffff)); }
};

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_AVX2_LANES_H_
