#include "core/data/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "core/data/short_number.h"

namespace trainyard {
namespace {

double Parsed(std::string_view text) {
  double value = -1;
  EXPECT_EQ(ParseNumber(text, &value), NumberKind::kFinite) << text;
  return value;
}

NumberKind KindOf(std::string_view text) {
  double value;
  return ParseNumber(text, &value);
}

TEST(NumberTest, ReadsDecimalNumbers) {
  EXPECT_EQ(Parsed("0"), 0);
  EXPECT_EQ(Parsed("-0.1"), -0.1);
  EXPECT_EQ(Parsed("+3"), 3);
  EXPECT_EQ(Parsed("5."), 5);
  EXPECT_EQ(Parsed(".5"), .5);
  EXPECT_EQ(Parsed("007"), 7);
  EXPECT_EQ(Parsed("1e-3"), 1e-3);
  EXPECT_EQ(Parsed("  2.5 "), 2.5);
  EXPECT_EQ(Parsed("123456789012345678901234567890"), 123456789012345678901234567890.0);
}

TEST(NumberTest, TooSmallIsZero) { EXPECT_EQ(Parsed("1e-999"), 0); }

TEST(NumberTest, TooLargeNanAndInfinityAreNotFinite) {
  for (const char* text : {"1e999", "-1e999", "nan", "NaN", "-nan", "inf", "-inf", "Infinity", "+inf"}) {
    EXPECT_EQ(KindOf(text), NumberKind::kNotFinite) << text;
  }
}

TEST(NumberTest, OtherTextIsNoNumber) {
  for (const char* text : {"", " ", ".", "-", "+", "+-1", "--1", "1..2", "1.2.3", "1,5", "0x10", "1e", "1 2", "infant",
                           "nano", "1-", "12345678.1234567.", "1:", "1/2"}) {
    EXPECT_EQ(KindOf(text), NumberKind::kText) << text;
  }
}

TEST(NumberTest, EqualsTheCLibraryForEveryLengthAndPoint) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 2 ? "-" : "";
    const size_t digits = 1 + random() % 19;
    const size_t point = random() % (digits + 4);
    for (size_t j = 0; j < digits; ++j) {
      if (j == point) text += '.';
      text += static_cast<char>('0' + random() % 10);
    }
    ASSERT_EQ(Parsed(text), std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(NumberTest, ShortNumbersEqualTheCLibraryWhateverFollowsThem) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 2 ? "-" : "";
    const size_t digits = 1 + random() % 15;
    const size_t point = random() % (digits + 4);
    for (size_t j = 0; j < digits; ++j) {
      if (j == point) text += '.';
      text += static_cast<char>('0' + random() % 10);
    }
    std::string padded = text;
    while (padded.size() < text.size() + kShortNumberReach) padded += "0.,\n-9"[random() % 6];
    double value = -1;
    ASSERT_TRUE(ParseShortNumber(std::string_view(padded).substr(0, text.size()), &value)) << text;
    ASSERT_EQ(value, std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(NumberTest, OtherTextIsNoShortNumber) {
  for (const char* text :
       {"", "-", ".", "-.", "+1", "1e5", "1..2", " 1", "1234567890123456", "nan", "1234567.12345678901"}) {
    const std::string padded = text + std::string(kShortNumberReach, '0');
    double value;
    EXPECT_FALSE(ParseShortNumber(std::string_view(padded).substr(0, std::string_view(text).size()), &value)) << text;
  }
}

TEST(NumberTest, TextReadsBackAndIntegersHaveNoExponent) {
  EXPECT_EQ(NumberText(100000), "100000");
  EXPECT_EQ(NumberText(-0.0), "0");
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(-9007199254740992), "-9007199254740992");
}

}  // namespace
}  // namespace trainyard
