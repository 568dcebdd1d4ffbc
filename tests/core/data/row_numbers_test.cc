#include "core/data/row_numbers.h"

#include <fast_float/fast_float.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/data/number.h"
#include "core/data/short_number.h"

namespace trainyard {
namespace {

uint64_t BitsOf(double value) { return std::bit_cast<uint64_t>(value); }

std::vector<InstructionSet> InstructionSets() {
  std::vector<InstructionSet> sets = {InstructionSet::kAvx2};
  if (BestInstructionSet() == InstructionSet::kAvx512) sets.push_back(InstructionSet::kAvx512);
  return sets;
}

struct RowRead {
  std::vector<bool> taken;
  std::vector<double> values;
};

RowRead ReadRow(InstructionSet set, const std::vector<std::string>& texts) {
  std::string row = "1234567890.12345\n";  // is read, and must not count
  std::vector<uint32_t> ends = {static_cast<uint32_t>(row.size() - 1)};
  for (const std::string& text : texts) {
    row += text;
    ends.push_back(static_cast<uint32_t>(row.size()));
    row += ',';
  }
  // With no room behind for anything.
  const std::vector<char> exact(row.begin(), row.end());
  const size_t count = texts.size();
  std::vector<double> values(count);
  std::vector<uint8_t> taken((count + 7) / 8, 0xAA);
  RowNumbersFor(set)(exact.data(), &ends[1], count, values.data(), taken.data());
  RowRead read{{}, std::move(values)};
  for (size_t i = 0; i < 8 * taken.size(); ++i) read.taken.push_back((taken[i / 8] >> i % 8 & 1) != 0);
  for (size_t i = count; i < read.taken.size(); ++i) EXPECT_FALSE(read.taken[i]) << i << " of " << count;
  return read;
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
void ExpectExact(const std::vector<std::string>& texts) {
  for (const InstructionSet set : InstructionSets()) {
    const RowRead read = ReadRow(set, texts);
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string& text = texts[i];
      ASSERT_EQ(read.taken[i], IsShort(text)) << text << " as the field " << i << " by " << NameOf(set);
      double exact = 0;
      const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), exact);
      const bool is_number = end == text.data() + text.size() && error != std::errc::invalid_argument;
      double parsed = 0;
      if (is_number && std::isfinite(exact)) {
        ASSERT_EQ(ParseNumber(text, &parsed), NumberKind::kFinite) << text;
        ASSERT_EQ(BitsOf(parsed), BitsOf(exact)) << text;
        ASSERT_EQ(BitsOf(std::strtod(text.c_str(), nullptr)), BitsOf(exact)) << text;
      }
      if (!read.taken[i]) continue;
      ASSERT_TRUE(is_number) << text;
      ASSERT_EQ(BitsOf(read.values[i]), BitsOf(exact)) << text << " by " << NameOf(set);
    }
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

template <typename Text>
std::vector<std::string> RowOf(Text text, size_t count) {
  std::vector<std::string> row(count);
  for (std::string& field : row) field = text();
  return row;
}

TEST(RowNumbersTest, ARowMayHaveAnyNumberOfFields) {
  for (size_t count = 1; count <= 40; ++count) {
    int next = 0;
    ExpectExact(RowOf([&next] { return std::to_string(++next) + ".25"; }, count));
  }
}

TEST(RowNumbersTest, AnyTwoPlacesMayHavePointsOrMinuses) {
  for (size_t size = 2; size <= 16; ++size) {
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) {
        for (size_t k = 0; k < size; ++k) {
          std::string points(size, '7'), minus(size, '7');
          points[i] = points[j] = points[k] = '.';
          minus[i] = '-';
          minus[j] = minus[k] = '.';
          ExpectExact({points, minus});
        }
      }
    }
  }
}

TEST(RowNumbersTest, OfPointsAloneNoNumberIsMade) {
  for (uint32_t places = 0; places < 1u << 16; ++places) {
    std::string text(16, '1');
    for (size_t i = 0; i < 16; ++i) {
      if (places >> i & 1) text[i] = '.';
    }
    std::string minus = text;
    minus[0] = '-';
    ExpectExact({text, minus});
  }
}

TEST(RowNumbersTest, EdgesAreExactInEveryField) {
  const std::vector<std::string>& texts = EdgeTexts();
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const std::string neighbour : {"1", "-12345678901.123", "", "..", "1234567890123456789"}) {
      for (size_t field = 0; field < 8; ++field) {
        std::vector<std::string> row(8, neighbour);
        row[field] = texts[i];
        if (texts[i].find(',') == std::string::npos) ExpectExact(row);
      }
    }
  }
}

TEST(RowNumbersTest, RandomDigitsPointsAndSignsAreExact) {
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
  for (int i = 0; i < 150'000; ++i) ExpectExact(RowOf(text, 8));
}

TEST(RowNumbersTest, AnyBytesAreTakenOnlyAsNumbers) {
  std::mt19937_64 random(4);
  constexpr std::string_view kBytes = "0123456789.-+eE :/\x80\xFF";
  const auto text = [&] {
    std::string made(random() % 18, '0');
    const uint64_t odd = random() % 3;
    for (char& byte : made) byte = kBytes[random() % (odd == 0 ? 11 : odd == 1 ? 12 : kBytes.size())];
    return made;
  };
  for (int i = 0; i < 150'000; ++i) ExpectExact(RowOf(text, 8));
}

TEST(RowNumbersTest, PrintedDoublesAreExact) {
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
  for (int i = 0; i < 100'000; ++i) ExpectExact(RowOf(text, 8));
}

}  // namespace
}  // namespace trainyard
