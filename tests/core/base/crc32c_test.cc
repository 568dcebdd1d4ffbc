#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace trainyard {
namespace {

// Bit by bit; the polynomial 0x1EDC6F41 with its bits in reverse.
uint32_t Slowly(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

TEST(Crc32cTest, IsThatOfTheStandard) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
}

TEST(Crc32cTest, HoldsForEveryLengthAndGoesOnFromThePieceBefore) {
  std::mt19937_64 random(5);
  std::string bytes(3'000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (size_t size = 0; size <= bytes.size(); size += 1 + size / 8) {
    const std::string_view text = std::string_view(bytes).substr(0, size);
    const uint32_t expected = Slowly(text);
    ASSERT_EQ(Crc32c(text), expected) << size;
    const size_t middle = size / 3;
    const auto pieces = std::as_bytes(std::span(text));
    ASSERT_EQ(Crc32c(pieces.subspan(middle), Crc32c(pieces.first(middle))), expected) << size;
  }
}

}  // namespace
}  // namespace trainyard
