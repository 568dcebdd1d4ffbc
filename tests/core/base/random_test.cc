#include "core/base/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "absl/numeric/int128.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(RandomStreamTest, TheSameArgumentsGiveTheSameBits) {
  const RandomStream a(7, RandomPurpose::kSplit, 3);
  const RandomStream b(7, RandomPurpose::kSplit, 3);
  EXPECT_EQ(a.Bits(5), b.Bits(5));
  EXPECT_EQ(a.Bits(0), a.Bits(0));
}

// The first 128 bits of Philox4x32-10 for key 0 and counter 0 are 6627e8d5 e169c58d bc57ac4c 9b00dbd8 (Random123's known answers). Here the
// purpose is part of the counter, so only the structure can be compared: two consecutive numbers come from one block.
TEST(RandomStreamTest, SeedPurposeStepAndIndexAllChangeTheBits) {
  std::set<uint64_t> seen;
  for (const uint64_t seed : {0ull, 1ull, 1ull << 32, 1ull << 63}) {
    for (const RandomPurpose purpose : {RandomPurpose::kSplit, RandomPurpose::kPermutation}) {
      for (const uint64_t step : {0ull, 1ull, 1ull << 32}) {
        for (const uint64_t index : {0ull, 1ull, 2ull, 1ull << 40}) {
          EXPECT_TRUE(seen.insert(RandomStream(seed, purpose, step).Bits(index)).second);
        }
      }
    }
  }
}

TEST(RandomStreamTest, UniformHasTheMomentsOfTheUniformDistribution) {
  const RandomStream random(1, RandomPurpose::kInitialWeights, 0);
  constexpr int kDraws = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform(i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  // Five standard errors: sqrt(1/12 / n) and sqrt(4/45 / n).
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * 0.2887 / 447.2);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * 0.2981 / 447.2);
}

// Fisher and Yates from the back, with the stream's numbers in order.
TEST(RandomStreamTest, ShuffleTakesTheNumbersOfTheStreamInOrder) {
  for (const uint64_t step : {uint64_t{0}, uint64_t{7}, (uint64_t{5} << 32) + 9}) {
    const RandomStream random(0x123456789abcdef, RandomPurpose::kPermutation, step);
    std::vector<uint32_t> items(1000);
    std::iota(items.begin(), items.end(), 0u);
    std::vector<uint32_t> expected = items;
    for (uint64_t i = expected.size(), index = 0; i > 1; --i, ++index) {
      std::swap(expected[i - 1], expected[absl::Uint128High64(absl::uint128(random.Bits(index)) * i)]);
    }
    random.Shuffle(items);
    EXPECT_EQ(items, expected);
  }
}

TEST(RandomStreamTest, ShuffleIsAPermutation) {
  std::vector<uint32_t> items(1000);
  std::iota(items.begin(), items.end(), 0);
  RandomStream(3, RandomPurpose::kPermutation, 0).Shuffle(items);
  EXPECT_FALSE(std::is_sorted(items.begin(), items.end()));
  std::sort(items.begin(), items.end());
  for (uint32_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i], i);
}

TEST(RandomStreamTest, ShuffleGivesEveryOrderEquallyOften) {
  std::array<int, 6> count{};
  constexpr int kShuffles = 60'000;
  for (int step = 0; step < kShuffles; ++step) {
    std::array<uint32_t, 3> items = {0, 1, 2};
    RandomStream(11, RandomPurpose::kPermutation, step).Shuffle(items);
    ++count[items[0] * 2 + (items[1] > items[2] ? 1 : 0)];
  }
  double chi_square = 0;
  for (const int n : count) chi_square += (n - kShuffles / 6.0) * (n - kShuffles / 6.0) / (kShuffles / 6.0);
  EXPECT_LT(chi_square, 20.5);  // 5 degrees of freedom: p = 0.001
}

TEST(RandomStreamTest, BelowIsUniformWhereHalfOfTheNumbersAreRejected) {
  const uint64_t bound = (uint64_t{1} << 63) + 1;
  const RandomStream stream(1, RandomPurpose::kReplacement, 3);
  int upper_half = 0;
  for (uint64_t i = 0; i < 10'000; ++i) {
    const uint64_t number = stream.Below(bound, i);
    ASSERT_LT(number, bound);
    if (number > bound / 2) ++upper_half;
  }
  // Binomial: 5,000, give or take 4 deviations of 50.
  EXPECT_NEAR(upper_half, 5000, 200);
}

TEST(RandomStreamTest, BelowIsAFunctionOfTheIndexAlone) {
  const RandomStream stream(1, RandomPurpose::kReplacement, 3);
  const uint64_t later = stream.Below(1000, 77);
  stream.Below(1000, 5);
  EXPECT_EQ(stream.Below(1000, 77), later);
  EXPECT_EQ(stream.Below(1, 12), 0u);
}

TEST(RandomStreamTest, NormalHasTheMomentsOfANormal) {
  const RandomStream random(5, RandomPurpose::kInitialWeights, 0);
  constexpr uint64_t kCount = 100'000;
  double sum = 0;
  double squares = 0;
  double beyond_two = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double x = random.Normal(i);
    ASSERT_NE(x, 0);
    ASSERT_LT(std::abs(x), 8.6);
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(beyond_two / kCount, 0.0455, 5 * std::sqrt(0.0455 / kCount));
}

TEST(RandomStreamTest, NormalIsAFunctionOfTheIndex) {
  const RandomStream random(5, RandomPurpose::kInitialWeights, 0);
  EXPECT_EQ(random.Normal(7), random.Normal(7));
  EXPECT_NE(random.Normal(7), random.Normal(8));
}

}  // namespace
}  // namespace trainyard
