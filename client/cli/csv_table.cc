#include "client/cli/csv_table.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

struct Cell {
  std::string text;
  bool quoted = false;
};

// Reads one record a call.
class CsvReader {
 public:
  explicit CsvReader(const std::string& text) : text_(text) {
    if (text_.compare(0, 3, "\xEF\xBB\xBF") == 0) position_ = 3;
  }

  bool AtEnd() const { return position_ >= text_.size(); }

  // The line on which the last record started, from 1.
  int line() const { return record_line_; }

  absl::StatusOr<std::vector<Cell>> ReadRecord() {
    record_line_ = line_;
    std::vector<Cell> record;
    while (true) {
      ASSIGN_OR_RETURN(Cell cell, ReadCell());
      record.push_back(std::move(cell));
      if (AtEnd()) return record;
      const char separator = text_[position_++];
      if (separator == ',') continue;
      if (separator == '\r' && !AtEnd() && text_[position_] == '\n') ++position_;
      ++line_;
      return record;
    }
  }

 private:
  // Stops at the separator.
  absl::StatusOr<Cell> ReadCell() {
    if (!AtEnd() && text_[position_] == '"') return ReadQuoted();
    Cell cell;
    while (!AtEnd() && text_[position_] != ',' && text_[position_] != '\n' && text_[position_] != '\r') {
      cell.text += text_[position_++];
    }
    return cell;
  }

  absl::StatusOr<Cell> ReadQuoted() {
    Cell cell{.text = "", .quoted = true};
    for (++position_; !AtEnd(); ++position_) {
      const char c = text_[position_];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell.text += c;
      } else if (position_ + 1 < text_.size() && text_[position_ + 1] == '"') {
        cell.text += text_[++position_];
      } else {
        ++position_;
        const bool ends = AtEnd() || text_[position_] == ',' || text_[position_] == '\n' || text_[position_] == '\r';
        if (ends) return cell;
        return absl::InvalidArgumentError(absl::StrCat("line ", line_, ": text after a closing quote"));
      }
    }
    return absl::InvalidArgumentError(absl::StrCat("line ", record_line_, ": a quote is not closed"));
  }

  const std::string& text_;
  size_t position_ = 0;
  int line_ = 1;
  int record_line_ = 1;
};

std::optional<double> NumberIn(const std::string& text) {
  double number = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (text.starts_with('+')) ++begin;
  const auto [rest, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

google::protobuf::Value NumberOrText(const std::string& text) {
  google::protobuf::Value value;
  if (const std::optional<double> number = NumberIn(text)) {
    value.set_number_value(*number);
  } else {
    value.set_string_value(text);
  }
  return value;
}

google::protobuf::Value Text(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return value;
}

google::protobuf::Value Null() {
  google::protobuf::Value value;
  value.set_null_value(google::protobuf::NULL_VALUE);
  return value;
}

absl::Status CheckUtf8(const std::string& path, const std::string& text) {
  if (IsUtf8(text)) return absl::OkStatus();
  int line = 1;
  for (const absl::string_view part : absl::StrSplit(text, '\n')) {
    if (!IsUtf8(part)) break;
    ++line;
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": line ", line, " is not UTF-8"));
}

}  // namespace

absl::StatusOr<v1::Table> ParseCsv(const std::string& text, const std::set<std::string>& text_columns) {
  CsvReader reader(text);
  if (reader.AtEnd()) return absl::InvalidArgumentError("the header line is missing");
  v1::Table table;
  ASSIGN_OR_RETURN(const std::vector<Cell> header, reader.ReadRecord());
  for (const Cell& cell : header) table.add_columns(cell.text);
  while (!reader.AtEnd()) {
    ASSIGN_OR_RETURN(const std::vector<Cell> record, reader.ReadRecord());
    const bool blank_line = record.size() == 1 && record[0].text.empty() && !record[0].quoted;
    if (blank_line && header.size() > 1) continue;
    if (record.size() != header.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", reader.line(), " has ", record.size(), " cells, the header has ", header.size()));
    }
    google::protobuf::ListValue* row = table.add_rows();
    for (size_t i = 0; i < record.size(); ++i) {
      const std::string& cell = record[i].text;
      *row->add_values() = cell.empty()                            ? Null()
                           : text_columns.contains(header[i].text) ? Text(cell)
                                                                   : NumberOrText(cell);
    }
  }
  return table;
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::ifstream opened;
  if (path != "-") opened.open(path, std::ios::binary);
  if (!opened) return absl::ErrnoToStatus(errno, absl::StrCat("can't open ", path));
  std::istream& file = path == "-" ? std::cin : opened;
  std::ostringstream content;
  // Of an empty file there is nothing to copy, which a stream takes for a failure.
  if (file.peek() != std::istream::traits_type::eof()) content << file.rdbuf();
  if (file.bad() || content.fail()) return absl::ErrnoToStatus(errno, absl::StrCat("can't read ", path));
  std::string text = std::move(content).str();
  RETURN_IF_ERROR(CheckUtf8(path, text));
  return text;
}

}  // namespace trainyard::cli
