// CsvReader against a writer that knows its fields, and against itself where quotes make no difference.

#include "core/data/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using WrittenRow = std::vector<std::string>;

struct WrittenCsv {
  std::string content;
  std::vector<WrittenRow> rows;
  std::vector<int64_t> lines;
};

std::string AsCell(const std::string& text, bool quoted) {
  if (!quoted) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? std::string("\"\"") : std::string(1, c);
  return cell + "\"";
}

WrittenCsv WriteCsv(std::mt19937_64& random, size_t columns, size_t row_count, size_t longest, uint64_t quotes_one_in) {
  constexpr std::string_view kPlain = "0123456789.-xyz ";
  WrittenCsv written;
  for (size_t i = 0; i < columns; ++i) written.content += (i ? "," : "") + ("c" + std::to_string(i));
  written.content += "\n";
  int64_t line = 2;
  for (size_t r = 0; r < row_count; ++r) {
    while (columns > 1 && random() % 20 == 0) {
      written.content += random() % 2 ? "\n" : "\r\n";
      ++line;
    }
    written.lines.push_back(line);
    WrittenRow& row = written.rows.emplace_back();
    for (size_t i = 0; i < columns; ++i) {
      std::string& text = row.emplace_back(random() % (longest + 1), '0');
      for (char& c : text) c = kPlain[random() % kPlain.size()];
      const bool quoted = random() % quotes_one_in == 0;
      if (quoted && random() % 2) {
        text += random() % 2 ? "a\nb" : ",\",";
        line += std::count(text.begin(), text.end(), '\n');
      }
      if (random() % quotes_one_in == 0) text += "\u00e9";
      written.content += (i ? "," : "") + AsCell(text, quoted);
    }
    written.content += random() % 3 ? "\n" : "\r\n";
    ++line;
  }
  if (random() % 2) written.content.pop_back();
  if (written.content.back() == '\r') written.content.pop_back();
  return written;
}

TEST(CsvReaderTest, GivesTheFieldsAndLinesThatWereWritten) {
  std::mt19937_64 random(1);
  for (const size_t columns : {1, 2, 3, 4, 7, 28, 1'000, 9'000}) {
    for (const uint64_t quotes_one_in : {3, 100, 5'000, 1'000'000'000}) {
      const size_t longest = random() % 2 ? 3 : 12;
      const WrittenCsv written = WriteCsv(random, columns, 20 + 40'000 / columns, longest, quotes_one_in);
      absl::StatusOr<CsvReader> reader = CsvReader::Open(written.content, ',', 10'000);
      ASSERT_TRUE(reader.ok());
      size_t plain = 0;
      for (size_t r = 0; r < written.rows.size(); ++r) {
        // A last row that is empty is none.
        if (reader->position() == written.content.size()) break;
        const absl::StatusOr<bool> more = reader->Next();
        ASSERT_TRUE(more.ok()) << more.status();
        ASSERT_TRUE(*more);
        ASSERT_EQ(reader->line(), written.lines[r]);
        for (size_t i = 0; i < columns; ++i) ASSERT_EQ(reader->field(i), written.rows[r][i]) << r << " " << i;
        if (reader->plain_ends() != nullptr) ++plain;
      }
      ASSERT_FALSE(*reader->Next());
      if (quotes_one_in == 1'000'000'000 && columns <= 28) {
        EXPECT_GT(plain, written.rows.size() * 8 / 10);
      }
    }
  }
}

// The bytes of the data set.
std::string DatasetBytes(const std::string& content) {
  StringSink sink;
  const absl::StatusOr<ReadResult> result = ReadDataset(content, {}, {}, sink);
  return result.ok() ? sink.bytes() : std::string(result.status().message());
}

TEST(CsvReaderTest, QuotesThatAreNotNeededChangeNoByteOfTheDataset) {
  std::mt19937_64 random(2);
  const auto number = [&](size_t column) {
    char text[40];
    const double value = static_cast<double>(static_cast<int64_t>(random() % 2'000'001) - 1'000'000) / 997;
    const int digits = static_cast<int>(1 + random() % (column % 3 == 0 ? 19 : 9));
    std::snprintf(text, sizeof(text), column % 5 == 0 ? "%.*e" : "%.*g", digits, value);
    return std::string(random() % 500 == 0 ? "" : text);
  };
  for (const size_t columns : {1, 2, 3, 4, 5, 8, 11, 28}) {
    std::string plain = "kind", quoted = "kind";
    for (size_t i = 0; i < columns; ++i) plain += ",x" + std::to_string(i);
    quoted = plain += "\n";
    for (int r = 0; r < 3'000; ++r) {
      const std::string kind = r % 7 ? "up" : "down";
      plain += kind;
      quoted += "\"" + kind + "\"";
      for (size_t i = 0; i < columns; ++i) {
        const std::string cell = number(i);
        plain += "," + cell;
        quoted += "," + cell;
      }
      plain += r % 4 ? "\n" : "\r\n";
      quoted += "\n";
    }
    EXPECT_EQ(DatasetBytes(plain), DatasetBytes(quoted)) << columns;
  }
}

TEST(CsvReaderTest, FaultsOfRowsComeBeforeThoseOfTheirCells) {
  const std::string start = "some_name,b\n1,2\n3,4\n";
  EXPECT_EQ(Fault(Read(start + "5,6,7\n").status()), Fault(Read(start + "\"5\",6,7\n").status()));
  ReadOptions options;
  options.types["some_name"] = ColumnType::kNumeric;
  EXPECT_EQ(Fault(Read(start + "x,6,7\n", options).status()), Fault(Read(start + "\"x\",6,7\n", options).status()));
  EXPECT_EQ(Fault(Read(start + "8,9\nx,6\n", options).status()),
            Fault(Read(start + "8,9\n\"x\",6\n", options).status()));
  EXPECT_EQ(Fault(Read(start + "8\n", options).status()), Fault(Read(start + "\"8\"\n", options).status()));
}

}  // namespace
}  // namespace trainyard
