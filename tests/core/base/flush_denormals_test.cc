#include "core/base/flush_denormals.h"

#include <limits>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

// Whether half of the least normal number is 0.
bool AreFlushed() {
  volatile double least = std::numeric_limits<double>::min();
  const volatile double half = least / 2;
  return half == 0;
}

TEST(FlushDenormalsTest, AreFlushedWhileAnObjectLives) {
  EXPECT_FALSE(AreFlushed());
  {
    const FlushDenormals outer;
    EXPECT_TRUE(AreFlushed());
    { const FlushDenormals inner; }
    EXPECT_TRUE(AreFlushed());
  }
  EXPECT_FALSE(AreFlushed());
}

}  // namespace
}  // namespace trainyard
