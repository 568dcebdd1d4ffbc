// Vectors of 512 bits; the operations are those of scalar_lanes.h.

#ifndef TRAINYARD_CORE_KERNEL_AVX512_LANES_H_
#define TRAINYARD_CORE_KERNEL_AVX512_LANES_H_

#include <immintrin.h>

#include <cstdint>

namespace trainyard::kernel {

template <typename T>
struct Avx512Lanes;

template <>
struct Avx512Lanes<float> {
  using Real = float;
  using Vector = __m512;
  using Bits = __m512i;
  using Mask = __mmask16;
  struct All {};

  static constexpr int kCount = 16;
  static constexpr int kAccumulators = 28;
  static constexpr int kTileRows = 14;
  static constexpr bool kFreeMasks = true;

  static Vector Zero() { return _mm512_setzero_ps(); }
  static Vector Broadcast(float x) { return _mm512_set1_ps(x); }
  static Mask FirstLanes(int64_t count) {
    if (count >= kCount) return static_cast<Mask>(-1);
    return count <= 0 ? Mask{0} : static_cast<Mask>((1u << count) - 1);
  }

  static Vector Load(const float* from) { return _mm512_loadu_ps(from); }
  static Vector Load(All, const float* from) { return Load(from); }
  static Vector Load(Mask mask, const float* from) { return _mm512_maskz_loadu_ps(mask, from); }
  static void Store(float* to, Vector v) { _mm512_storeu_ps(to, v); }
  static void Store(All, float* to, Vector v) { Store(to, v); }
  static void Store(Mask mask, float* to, Vector v) { _mm512_mask_storeu_ps(to, mask, v); }
  static void PrefetchToWrite(const char* at) { __builtin_prefetch(at, 1); }

  static Vector Add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector Subtract(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static Vector Multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector Divide(Vector a, Vector b) { return _mm512_div_ps(a, b); }
  static Vector Max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
  static Vector Min(Vector a, Vector b) { return _mm512_min_ps(a, b); }
  static Vector Fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector NegatedFma(Vector a, Vector b, Vector c) { return _mm512_fnmadd_ps(a, b, c); }
  static Vector Abs(Vector v) { return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v), Magnitude())); }
  static Vector CopySign(Vector magnitude, Vector sign) {
    constexpr int kBitFromFirst = 0xca;
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(Magnitude(), _mm512_castps_si512(magnitude),
                                                         _mm512_castps_si512(sign), kBitFromFirst));
  }

  static Mask Less(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask Equal(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static Vector Select(Mask mask, Vector yes, Vector no) { return _mm512_mask_blend_ps(mask, no, yes); }

  static Bits BroadcastBits(int64_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }
  static Bits ToBits(Vector v) { return _mm512_castps_si512(v); }
  static Vector FromBits(Bits bits) { return _mm512_castsi512_ps(bits); }
  static Bits AddBits(Bits a, Bits b) { return _mm512_add_epi32(a, b); }
  static Bits SubtractBits(Bits a, Bits b) { return _mm512_sub_epi32(a, b); }
  template <int count>
  static Bits ShiftLeft(Bits bits) {
    return _mm512_slli_epi32(bits, count);
  }
  template <int count>
  static Bits ShiftRight(Bits bits) {
    return _mm512_srli_epi32(bits, count);
  }

  static float Sum(Vector v) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }

  // Lane i is Sum(v[i]).
  static Vector Sums(const Vector (&v)[kCount]) {
    Vector eights[8];  // of two vectors in each
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      const Vector a = v[i / 2 + i % 2 * 8];
      const Vector b = v[i / 2 + i % 2 * 8 + 4];
      eights[i] = Add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    }
    Vector fours[4];  // of four vectors in each
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Vector a = eights[2 * i];
      const Vector b = eights[2 * i + 1];
      fours[i] = Add(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    }
    const Vector low = Add(UnpackLow(fours[0], fours[1]), UnpackHigh(fours[0], fours[1]));
    const Vector high = Add(UnpackLow(fours[2], fours[3]), UnpackHigh(fours[2], fours[3]));
    return Add(_mm512_shuffle_ps(low, high, 0x88), _mm512_shuffle_ps(low, high, 0xdd));
  }

  static void Transpose(Vector (&rows)[kCount]) {
    Vector pairs[kCount];
#pragma GCC unroll 8
    for (int i = 0; i < kCount; i += 2) {
      pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    Vector quads[kCount];  // quads[4 g + c]: columns c, 4 + c, 8 + c, 12 + c of rows 4 g to 4 g + 3
#pragma GCC unroll 4
    for (int g = 0; g < kCount; g += 4) {
      quads[g] = UnpackLow(pairs[g], pairs[g + 2]);
      quads[g + 1] = UnpackHigh(pairs[g], pairs[g + 2]);
      quads[g + 2] = UnpackLow(pairs[g + 1], pairs[g + 3]);
      quads[g + 3] = UnpackHigh(pairs[g + 1], pairs[g + 3]);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      const Vector even_above = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0x88);
      const Vector odd_above = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0xdd);
      const Vector even_below = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0x88);
      const Vector odd_below = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0xdd);
      rows[c] = _mm512_shuffle_f32x4(even_above, even_below, 0x88);
      rows[c + 4] = _mm512_shuffle_f32x4(odd_above, odd_below, 0x88);
      rows[c + 8] = _mm512_shuffle_f32x4(even_above, even_below, 0xdd);
      rows[c + 12] = _mm512_shuffle_f32x4(odd_above, odd_below, 0xdd);
    }
  }

 private:
  static Bits Magnitude() { return _mm512_set1_epi32(0x7fffffff); }
  static Vector UnpackLow(Vector a, Vector b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  }
  static Vector UnpackHigh(Vector a, Vector b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  }
};

template <>
struct Avx512Lanes<double> {
  using Real = double;
  using Vector = __m512d;
  using Bits = __m512i;
  using Mask = __mmask8;
  struct All {};

  static constexpr int kCount = 8;
  static constexpr int kAccumulators = 28;
  static constexpr int kTileRows = 14;
  static constexpr bool kFreeMasks = true;

  static Vector Zero() { return _mm512_setzero_pd(); }
  static Vector Broadcast(double x) { return _mm512_set1_pd(x); }
  static Mask FirstLanes(int64_t count) {
    if (count >= kCount) return static_cast<Mask>(-1);
    return count <= 0 ? Mask{0} : static_cast<Mask>((1u << count) - 1);
  }

  static Vector Load(const double* from) { return _mm512_loadu_pd(from); }
  static Vector Load(All, const double* from) { return Load(from); }
  static Vector Load(Mask mask, const double* from) { return _mm512_maskz_loadu_pd(mask, from); }
  static void Store(double* to, Vector v) { _mm512_storeu_pd(to, v); }
  static void Store(All, double* to, Vector v) { Store(to, v); }
  static void Store(Mask mask, double* to, Vector v) { _mm512_mask_storeu_pd(to, mask, v); }
  static void PrefetchToWrite(const char* at) { __builtin_prefetch(at, 1); }

  static Vector Add(Vector a, Vector b) { return _mm512_add_pd(a, b); }
  static Vector Subtract(Vector a, Vector b) { return _mm512_sub_pd(a, b); }
  static Vector Multiply(Vector a, Vector b) { return _mm512_mul_pd(a, b); }
  static Vector Divide(Vector a, Vector b) { return _mm512_div_pd(a, b); }
  static Vector Max(Vector a, Vector b) { return _mm512_max_pd(a, b); }
  static Vector Min(Vector a, Vector b) { return _mm512_min_pd(a, b); }
  static Vector Fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_pd(a, b, c); }
  static Vector NegatedFma(Vector a, Vector b, Vector c) { return _mm512_fnmadd_pd(a, b, c); }
  static Vector Abs(Vector v) { return _mm512_castsi512_pd(_mm512_and_si512(_mm512_castpd_si512(v), Magnitude())); }
  static Vector CopySign(Vector magnitude, Vector sign) {
    constexpr int kBitFromFirst = 0xca;
    return _mm512_castsi512_pd(_mm512_ternarylogic_epi64(Magnitude(), _mm512_castpd_si512(magnitude),
                                                         _mm512_castpd_si512(sign), kBitFromFirst));
  }

  static Mask Less(Vector a, Vector b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
  static Mask Equal(Vector a, Vector b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
  static Vector Select(Mask mask, Vector yes, Vector no) { return _mm512_mask_blend_pd(mask, no, yes); }

  static Bits BroadcastBits(int64_t bits) { return _mm512_set1_epi64(bits); }
  static Bits ToBits(Vector v) { return _mm512_castpd_si512(v); }
  static Vector FromBits(Bits bits) { return _mm512_castsi512_pd(bits); }
  static Bits AddBits(Bits a, Bits b) { return _mm512_add_epi64(a, b); }
  static Bits SubtractBits(Bits a, Bits b) { return _mm512_sub_epi64(a, b); }
  template <int count>
  static Bits ShiftLeft(Bits bits) {
    return _mm512_slli_epi64(bits, count);
  }
  template <int count>
  static Bits ShiftRight(Bits bits) {
    return _mm512_srli_epi64(bits, count);
  }

  static double Sum(Vector v) {
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }

  // Lane i is Sum(v[i]).
  static Vector Sums(const Vector (&v)[kCount]) {
    Vector fours[4];  // of two vectors in each
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Vector a = v[i / 2 + i % 2 * 4];
      const Vector b = v[i / 2 + i % 2 * 4 + 2];
      fours[i] = Add(_mm512_shuffle_f64x2(a, b, 0x44), _mm512_shuffle_f64x2(a, b, 0xee));
    }
    const Vector low =
        Add(_mm512_shuffle_f64x2(fours[0], fours[1], 0x88), _mm512_shuffle_f64x2(fours[0], fours[1], 0xdd));
    const Vector high =
        Add(_mm512_shuffle_f64x2(fours[2], fours[3], 0x88), _mm512_shuffle_f64x2(fours[2], fours[3], 0xdd));
    return Add(_mm512_unpacklo_pd(low, high), _mm512_unpackhi_pd(low, high));
  }

  static void Transpose(Vector (&rows)[kCount]) {
    Vector pairs[kCount];  // pairs[2 g + c]: columns c, 2 + c, 4 + c, 6 + c of rows 2 g and 2 g + 1
#pragma GCC unroll 4
    for (int i = 0; i < kCount; i += 2) {
      pairs[i] = _mm512_unpacklo_pd(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_pd(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
      const Vector even_above = _mm512_shuffle_f64x2(pairs[c], pairs[c + 2], 0x88);
      const Vector odd_above = _mm512_shuffle_f64x2(pairs[c], pairs[c + 2], 0xdd);
      const Vector even_below = _mm512_shuffle_f64x2(pairs[c + 4], pairs[c + 6], 0x88);
      const Vector odd_below = _mm512_shuffle_f64x2(pairs[c + 4], pairs[c + 6], 0xdd);
      rows[c] = _mm512_shuffle_f64x2(even_above, even_below, 0x88);
      rows[c + 2] = _mm512_shuffle_f64x2(odd_above, odd_below, 0x88);
      rows[c + 4] = _mm512_shuffle_f64x2(even_above, even_below, 0xdd);
      rows[c + 6] = _mm512_shuffle_f64x2(odd_above, odd_below, 0xdd);
    }
  }

 private:
  static Bits Magnitude() { return _mm512_set1_epi64(0x7fffffffffffffff); }
};

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_AVX512_LANES_H_
