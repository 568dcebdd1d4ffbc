// Eight numbers at once: four to a register, those of even index in one and those of odd index in another.

#include <immintrin.h>

#include <cstdint>

#include "core/data/number_groups.h"

namespace trainyard {
namespace {

// What the bytes of a number weigh, in the sum over its 16: a point in byte i kPoint + 15 - i, which is kPoint and the digits behind it, and a
// minus before all others kMinus. So the sum is 0, or kPoint to kPoint + 15, or one of these and kMinus; with several points it is none of them:
// 2 points weigh 161 to 189, 3 243 to 282, more 326 and more, and those of a number with a minus 289 and more.
constexpr int kPoint = 80;
constexpr int kMinus = 128;

// Bit s: there are such sums from 16 s on; and with a minus.
constexpr int64_t kSums = 1 << 0 | 1 << kPoint / 16 | 1 << kMinus / 16 | 1 << (kMinus + kPoint) / 16;
constexpr int64_t kMinusSums = 1 << kMinus / 16 | 1 << (kMinus + kPoint) / 16;

constexpr uint64_t kEnds = 0x8001'8001'8001'8001;   // the first and the last byte of each 16
constexpr uint64_t kLasts = 0x8000'8000'8000'8000;  // the last

__m512i EachLane(__m128i bytes) { return _mm512_broadcast_i32x4(bytes); }

// What four texts hold, each in the last of 16 bytes.
struct Four {
  __m512i fours;     // 4 digits to an int32, the first the highest
  __m512i sums;      // of what the bytes weigh, twice
  __mmask64 faults;  // not 0 in 16 bits: none of the numbers that are read here, or one with several points
};

// Texts `first`, `first` + 2, ... of eight, whose sizes are the low bytes of `sizes`, in order.
[[gnu::always_inline]] inline Four ReadFour(const char* text, const uint32_t* ends, int first, __m256i sizes) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i lanes = EachLane(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m512i from_end = EachLane(_mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  const auto load = [&](int i) {
    const char* const end = text + ends[first + i];
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(end - kRowNumbersReach));
  };
  const auto two = [](__m128i low, __m128i high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  };
  const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(two(load(0), load(2))), two(load(4), load(6)), 1);

  // Text first + 2 i has its size in qword i, which goes to all bytes of its 16.
  const __m256i own = _mm256_srli_epi64(sizes, first == 0 ? 0 : 32);
  const __m512i spread =
      _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3), _mm512_castsi256_si512(own));
  const __m512i size = _mm512_shuffle_epi8(spread, zero);

  const __mmask64 inside = _mm512_cmpgt_epu8_mask(size, from_end);
  const __m512i numbers = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
  const __mmask64 digit = _mm512_mask_cmplt_epu8_mask(inside, numbers, _mm512_set1_epi8(10));
  const __mmask64 other = _kxor_mask64(inside, digit);
  const __mmask64 point = _mm512_mask_cmpeq_epi8_mask(other, bytes, _mm512_set1_epi8('.'));
  const __mmask64 at_first = _mm512_cmpeq_epi8_mask(size, _mm512_add_epi8(from_end, _mm512_set1_epi8(1)));
  const __mmask64 minus = _mm512_mask_cmpeq_epi8_mask(at_first, bytes, _mm512_set1_epi8('-'));

  Four four;
  const __m512i points = _mm512_maskz_add_epi8(point, from_end, _mm512_set1_epi8(kPoint));
  const __m512i halves =
      _mm512_sad_epu8(_mm512_mask_mov_epi8(points, minus, _mm512_set1_epi8(static_cast<char>(kMinus))), zero);
  four.sums = _mm512_add_epi64(halves, _mm512_shuffle_epi32(halves, _MM_PERM_BADC));

  // The digits before the point take its place, each one byte further right. Elsewhere there are zeros.
  const __m512i sum = _mm512_shuffle_epi8(four.sums, zero);
  const __m512i behind = _mm512_add_epi8(_mm512_sub_epi8(lanes, _mm512_set1_epi8(kPoint)), sum);
  const __mmask64 moves = _mm512_testn_epi8_mask(behind, _mm512_set1_epi8(0x70));  // at most 15, kMinus aside
  const __m512i kept = _mm512_maskz_mov_epi8(digit, bytes);
  const __m512i moved = _mm512_mask_blend_epi8(moves, kept, _mm512_bslli_epi128(kept, 1));

  const __mmask64 unknown = _kxor_mask64(_kxor_mask64(other, point), minus);
  const __mmask64 ends_taken = _mm512_mask_test_epi8_mask(kEnds, moved, moved);
  four.faults = _kor_mask64(unknown, _kxor_mask64(ends_taken, kLasts));

  const __m512i digits = _mm512_and_si512(moved, _mm512_set1_epi8(0x0F));
  four.fours =
      _mm512_madd_epi16(_mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A)), _mm512_set1_epi32(0x00010064));
  return four;
}

// A bit for each 16 of `bits` in which one is set, at the even places or, from 1 on, at the odd ones.
uint32_t AnyOfEach16(uint64_t bits, int place) {
  uint32_t any = 0;
  for (int i = 0; i < 4; ++i) any |= static_cast<uint32_t>((bits >> 16 * i & 0xFFFF) != 0) << (2 * i + place);
  return any;
}

[[gnu::always_inline]] inline uint32_t ReadEight(const char* text, const uint32_t* ends, double* values) {
  const auto load = [](const uint32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); };
  const __m256i sizes = _mm256_sub_epi32(_mm256_sub_epi32(load(ends), load(ends - 1)), _mm256_set1_epi32(1));
  uint32_t taken = _mm256_cmple_epu32_mask(sizes, _mm256_set1_epi32(16));
  if (taken == 0) return 0;
  const Four even = ReadFour(text, ends, 0, sizes);
  const Four odd = ReadFour(text, ends, 1, sizes);

  const __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(even.fours, odd.fours), _mm512_set1_epi32(0x00012710));
  const __m512i numbers =
      _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100'000'000)), _mm512_srli_epi64(eights, 32));
  const __m512i sums = _mm512_mask_blend_epi64(0xAA, even.sums, odd.sums);
  const __m512i kinds = _mm512_srli_epi64(sums, 4);
  const __m512d low = _mm512_setr_pd(1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7);
  const __m512d high = _mm512_setr_pd(1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15);
  const __m512d divisors = _mm512_permutex2var_pd(low, sums, high);  // by the lowest 4 bits
  const __m512i minus = _mm512_slli_epi64(_mm512_srlv_epi64(_mm512_set1_epi64(kMinusSums), kinds), 63);
  _mm512_storeu_pd(values,
                   _mm512_or_pd(_mm512_div_pd(_mm512_cvtepu64_pd(numbers), divisors), _mm512_castsi512_pd(minus)));

  taken &= _mm512_test_epi64_mask(_mm512_srlv_epi64(_mm512_set1_epi64(kSums), kinds), _mm512_set1_epi64(1));
  if (!_kortestz_mask64_u8(even.faults, odd.faults))
    taken &= ~(AnyOfEach16(even.faults, 0) | AnyOfEach16(odd.faults, 1));
  return taken;
}

}  // namespace

ReadRowNumbers RowNumbersAvx512() { return &ReadInGroups<8, &ReadEight>; }

}  // namespace trainyard
