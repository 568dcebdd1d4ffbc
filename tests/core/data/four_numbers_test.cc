#include "core/data/four_numbers.h"

#include <fast_float/fast_float.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "core/data/number.h"
#include "core/data/short_number.h"

namespace trainyard {
namespace {

uint64_t BitsOf(double value) { return std::bit_cast<uint64_t>(value); }

struct Four {
  uint32_t taken;
  std::array<double, 4> values;
};

Four ReadFour(const std::array<std::string, 4>& texts) {
  std::string row = "1234567890.12345\n";  // is read, and must not count
  std::array<uint32_t, 5> ends = {static_cast<uint32_t>(row.size() - 1)};
  for (size_t i = 0; i < 4; ++i) {
    row += texts[i];
    ends[i + 1] = static_cast<uint32_t>(row.size());
    row += i < 3 ? ',' : '\n';
  }
  Four four;
  four.taken = ParseFourNumbers(row.data(), &ends[1], four.values.data());
  return four;
}

// At most 16 bytes, a minus perhaps, digits, a point perhaps.
bool IsShort(const std::string& text) {
  const size_t digits =
      static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
  const size_t minus = text[0] == '-';
  const size_t points = static_cast<size_t>(std::count(text.begin(), text.end(), '.'));
  return text.size() <= 16 && digits >= 1 && digits <= 15 && points <= 1 && minus + points + digits == text.size();
}

// All that read numbers agree on `texts`, bit for bit.
void ExpectExact(const std::array<std::string, 4>& texts) {
  const Four four = ReadFour(texts);
  for (size_t i = 0; i < 4; ++i) {
    const std::string& text = texts[i];
    ASSERT_EQ(four.taken >> i & 1, IsShort(text)) << text << " as the field " << i;
    double exact = 0;
    const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), exact);
    const bool is_number = end == text.data() + text.size() && error != std::errc::invalid_argument;
    double parsed = 0;
    if (is_number && std::isfinite(exact)) {
      ASSERT_EQ(ParseNumber(text, &parsed), NumberKind::kFinite) << text;
      ASSERT_EQ(BitsOf(parsed), BitsOf(exact)) << text;
      ASSERT_EQ(BitsOf(std::strtod(text.c_str(), nullptr)), BitsOf(exact)) << text;
    }
    if ((four.taken >> i & 1) == 0) continue;
    ASSERT_TRUE(is_number) << text;
    ASSERT_EQ(BitsOf(four.values[i]), BitsOf(exact)) << text;
  }
}

const std::vector<std::string>& EdgeTexts() {
  static const std::vector<std::string> texts = {"0",
                                                 "-0",
                                                 "0.0",
                                                 "-0.0",
                                                 ".5",
                                                 "-.5",
                                                 "5.",
                                                 "-5.",
                                                 "007",
                                                 "-007",
                                                 "000000000000000",
                                                 "0000000000000000",
                                                 "1e22",
                                                 "1e23",
                                                 "1E5",
                                                 "-1e-5",
                                                 "+1",
                                                 "+",
                                                 "-",
                                                 ".",
                                                 "-.",
                                                 "--1",
                                                 "1-",
                                                 "1-2",
                                                 "1..2",
                                                 ".1.",
                                                 "................",
                                                 "1.2.3",
                                                 "",
                                                 " ",
                                                 " 1",
                                                 "1 ",
                                                 "1:",
                                                 "/",
                                                 "1/2",
                                                 "nan",
                                                 "inf",
                                                 "-inf",
                                                 "0x10",
                                                 "1_000",
                                                 "999999999999999",
                                                 "-999999999999999",
                                                 "9999999999999999",
                                                 "99999999999999.9",
                                                 "-9999999999999.9",
                                                 "-99999999999999.9",
                                                 ".999999999999999",
                                                 "-.99999999999999",
                                                 "0.00000000000001",
                                                 "0.000000000000001",
                                                 "-0.00000000000001",
                                                 "123456789012345.",
                                                 "-123456789012345",
                                                 "-12345678901234.",
                                                 "9007199254740993",
                                                 "9007199254740992.5",
                                                 "4503599627370496.5",
                                                 "4503599627370497.5",
                                                 "0.1",
                                                 "0.3",
                                                 "2.675",
                                                 "1.005",
                                                 "5e-324",
                                                 "2.5e-324",
                                                 "2.4703282292062327e-324",
                                                 "2.4703282292062328e-324",
                                                 "2.2250738585072014e-308",
                                                 "2.2250738585072011e-308",
                                                 "1.7976931348623157e308",
                                                 "1.7976931348623159e308",
                                                 "9007199254740993e0",
                                                 "1.00000000000000011102230246251565",
                                                 "1.00000000000000011102230246251566",
                                                 "1.00000000000000033306690738754696",
                                                 "8.5",
                                                 "x",
                                                 "1,5",
                                                 "\r",
                                                 "1\r"};
  return texts;
}

TEST(FourNumbersTest, EdgesAreExactInEveryField) {
  const std::vector<std::string>& texts = EdgeTexts();
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const std::string neighbour : {"1", "-12345678901.123", "", "..", "1234567890123456789"}) {
      for (size_t field = 0; field < 4; ++field) {
        std::array<std::string, 4> row = {neighbour, neighbour, neighbour, neighbour};
        row[field] = texts[i];
        if (texts[i].find(',') == std::string::npos) ExpectExact(row);
      }
    }
  }
}

TEST(FourNumbersTest, RandomDigitsPointsAndSignsAreExact) {
  std::mt19937_64 random(3);
  const auto text = [&] {
    std::string made = random() % 2 ? "-" : "";
    const size_t digits = 1 + random() % 20;
    const size_t point = random() % (digits + 4);
    const bool zeros = random() % 4 == 0;
    for (size_t j = 0; j < digits; ++j) {
      if (j == point) made += '.';
      made += zeros && (random() % 4) ? '0' : static_cast<char>('0' + random() % 10);
    }
    if (digits == point) made += '.';
    if (random() % 8 == 0) made += "e" + std::to_string(static_cast<int>(random() % 660) - 340);
    return made;
  };
  for (int i = 0; i < 150'000; ++i) ExpectExact({text(), text(), text(), text()});
}

TEST(FourNumbersTest, AnyBytesAreTakenOnlyAsNumbers) {
  std::mt19937_64 random(4);
  constexpr std::string_view kBytes = "0123456789.-+eE :/\x80\xFF";
  const auto text = [&] {
    std::string made(random() % 18, '0');
    const uint64_t odd = random() % 3;
    for (char& byte : made) byte = kBytes[random() % (odd == 0 ? 11 : odd == 1 ? 12 : kBytes.size())];
    return made;
  };
  for (int i = 0; i < 150'000; ++i) ExpectExact({text(), text(), text(), text()});
}

TEST(FourNumbersTest, PrintedDoublesAreExact) {
  std::mt19937_64 random(5);
  const auto text = [&] {
    char made[40];
    const double value = std::bit_cast<double>(random());
    const double near =
        std::ldexp(static_cast<double>(random() % 2'000'001) - 1e6, static_cast<int>(random() % 40) - 30);
    const double shown = random() % 4 == 0 && std::isfinite(value) ? value : near;
    std::snprintf(made, sizeof(made), random() % 2 ? "%.*g" : "%.*e", static_cast<int>(1 + random() % 19), shown);
    return std::string(made);
  };
  for (int i = 0; i < 100'000; ++i) ExpectExact({text(), text(), text(), text()});
}

}  // namespace
}  // namespace trainyard
