#include "client/cpp/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace trainyard::client {
namespace {

TEST(Crc32cTest, MatchesTheCheckValue) { EXPECT_EQ(Crc32c("123456789"), 0xe3069283u); }

TEST(Crc32cTest, MatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32cTest, OfNothingIsZero) { EXPECT_EQ(Crc32c(""), 0u); }

TEST(Crc32cTest, GoesOnFromThePreviousChecksum) { EXPECT_EQ(Crc32c("56789", Crc32c("1234")), 0xe3069283u); }

}  // namespace
}  // namespace trainyard::client
