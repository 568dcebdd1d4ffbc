#include "core/base/cache_lines.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace trainyard {
namespace {

TEST(CacheLinesTest, BytesOfAnySizeBeginAtACacheLineAndAreTheCallersAlone) {
  std::vector<std::pair<char*, size_t>> taken;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{63}, size_t{4096}, kLargePage - 1, kLargePage, kLargePage + 1,
                            3 * kLargePage + 12345}) {
    for (int i = 0; i < 3; ++i) taken.push_back({static_cast<char*>(AllocateCacheLines(size)), size});
  }
  for (size_t i = 0; i < taken.size(); ++i) std::memset(taken[i].first, static_cast<int>(i), taken[i].second);
  for (size_t i = 0; i < taken.size(); ++i) {
    const auto [begin, size] = taken[i];
    EXPECT_EQ(reinterpret_cast<uintptr_t>(begin) % kCacheLine, 0) << size;
    for (const size_t at : {size_t{0}, size / 2, size - 1}) {
      if (at < size) {
        EXPECT_EQ(begin[at], static_cast<char>(i)) << size << " at " << at;
      }
    }
    FreeCacheLines(begin);
  }
}

TEST(CacheLinesTest, PagesOfTheirOwnAreCountedUntilTheyAreFreed) {
  const int64_t before = LargePageBytes();
  void* const small = AllocateCacheLines(kLargePage - 1);
  EXPECT_EQ(LargePageBytes(), before);
  void* const large = AllocateCacheLines(3 * kLargePage);
  EXPECT_GE(LargePageBytes(), before + static_cast<int64_t>(3 * kLargePage));
  FreeCacheLines(small);
  FreeCacheLines(large);
  EXPECT_EQ(LargePageBytes(), before);
}

TEST(CacheLinesTest, MoreThanThereIsThrows) { EXPECT_THROW(AllocateCacheLines(size_t{1} << 62), std::bad_alloc); }

TEST(CacheLinesTest, NothingIsFreedAsNothing) { FreeCacheLines(nullptr); }

}  // namespace
}  // namespace trainyard
