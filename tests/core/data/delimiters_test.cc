#include "core/data/delimiters.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace trainyard {
namespace {

struct Found {
  std::vector<uint32_t> ends, newlines, odd;

  friend bool operator==(const Found&, const Found&) = default;
};

// One byte at a time.
Found Expected(const std::string& text, char separator) {
  Found found;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint32_t position = static_cast<uint32_t>(i);
    if (text[i] == '\n') found.newlines.push_back(static_cast<uint32_t>(found.ends.size()));
    if (text[i] == '\n' || text[i] == separator) found.ends.push_back(position);
    const uint32_t block = position / kDelimiterBlock * kDelimiterBlock;
    const bool is_odd = text[i] == '"' || static_cast<unsigned char>(text[i]) >= 128;
    if (is_odd && (found.odd.empty() || found.odd.back() != block)) found.odd.push_back(block);
  }
  return found;
}

Found FindBy(InstructionSet set, const std::string& text, char separator) {
  const std::vector<char> exact(text.begin(), text.end());  // with nothing behind
  Found found;
  for (std::vector<uint32_t>* each : {&found.ends, &found.newlines, &found.odd})
    each->resize(text.size() + kDelimiterBlock);
  Delimiters at = {found.ends.data(), 0, found.newlines.data(), 0, found.odd.data(), 0};
  DelimitersBy(set)(exact.data(), exact.size(), separator, at);
  found.ends.resize(at.end_count);
  found.newlines.resize(at.newline_count);
  found.odd.resize(at.odd_count);
  return found;
}

TEST(DelimitersTest, EveryInstructionSetFindsWhatOneByteAtATimeFinds) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 4000; ++round) {
    const std::string bytes = round % 3 == 0 ? ",\n" : round % 3 == 1 ? "0123456789.,,\n" : "ab,\t;\n\"\x80\xFF\r";
    std::string text(random() % 400, ' ');
    for (char& byte : text) byte = bytes[random() % bytes.size()];
    const char separator = round % 2 ? ',' : '\t';
    const Found expected = Expected(text, separator);
    EXPECT_EQ(FindBy(InstructionSet::kAvx2, text, separator), expected);
    if (BestInstructionSet() != InstructionSet::kAvx512) continue;
    EXPECT_EQ(FindBy(InstructionSet::kAvx512, text, separator), expected);
  }
}

}  // namespace
}  // namespace trainyard
