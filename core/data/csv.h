// Splits text into records and fields as RFC 4180 has it: a header line, fields perhaps in quotes, a quote inside them doubled, lines
// ended by LF or CRLF. The separator is a parameter. Beyond the RFC: a byte order mark is skipped, empty lines are skipped where there
// are two columns or more, and a quote inside a field that does not begin with one stands for itself.

#ifndef TRAINYARD_CORE_DATA_CSV_H_
#define TRAINYARD_CORE_DATA_CSV_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/plain_rows.h"

namespace trainyard {

// Finds separators and newlines, 64 bytes at a time.
class DelimiterIndex {
 public:
  DelimiterIndex(std::string_view text, char separator) : text_(text), separator_(separator) {}

  // The first separator or LF at or after `position`; the length of the text where there is none.
  size_t Find(size_t position) {
    const size_t block = position & ~(kBlock - 1);
    if (block != block_) Load(block);
    const uint64_t mask = mask_ & (~uint64_t{0} << (position % kBlock));
    if (mask == 0) return FindBehind();
    return block_ + static_cast<size_t>(std::countr_zero(mask));
  }

  // Bytes of 128 and more were among those looked at from `position` on. (Or a few before it.)
  bool MetNonAscii(size_t position) const { return non_ascii_end_ > position; }

 private:
  static constexpr size_t kBlock = 64;

  void Load(size_t block);
  size_t FindBehind();

  std::string_view text_;
  char separator_;
  size_t block_ = static_cast<size_t>(-1);
  uint64_t mask_ = 0;
  size_t non_ascii_end_ = 0;  // of the last block with such a byte
};

class CsvReader {
 public:
  // Reads the header. INVALID_ARGUMENT (BAD_DATA): it is missing, has a fault, more than `max_columns` columns, or a name that is empty or
  // there twice. `content` must outlive this.
  static absl::StatusOr<CsvReader> Open(std::string_view content, char separator, int max_columns);

  const std::vector<std::string>& names() const { return names_; }

  // Goes to the next row; false after the last. INVALID_ARGUMENT (BAD_DATA): a fault in it.
  absl::StatusOr<bool> Next();

  // Where the next row starts, or empty lines before it.
  size_t position() const { return position_; }

  // The line on which the row starts, from 1.
  int64_t line() const { return line_; }

  // There are as many as names, without quotes; valid until Next.
  std::string_view field(size_t i) const {
    if (plain_ends_ == nullptr) return fields_[i];
    const uint32_t begin = plain_ends_[static_cast<std::ptrdiff_t>(i) - 1] + 1;
    return {plain_rows_.text() + begin, plain_ends_[i] - begin};
  }

  // Of a row that PlainRows knows: where its fields end, counted from plain_text(), as PlainRows::Find has it. Else nullptr.
  const uint32_t* plain_ends() const { return plain_ends_; }
  const char* plain_text() const { return plain_rows_.text(); }

 private:
  CsvReader(std::string_view content, char separator);

  absl::Status ReadHeader(int max_columns);
  void SkipEmptyLines();

  // Reads the record at position_ into fields_, as many as it has room for, and counts all of them.
  absl::StatusOr<size_t> ReadRecord();
  absl::StatusOr<std::string_view> ReadQuoted(size_t* position);
  absl::Status CheckText(std::string_view record) const;
  absl::Status FieldFault(size_t field, std::string_view fault) const;

  std::string_view content_;
  char separator_;
  PlainRows plain_rows_;
  const uint32_t* plain_ends_ = nullptr;
  DelimiterIndex delimiters_;
  std::vector<std::string> names_;
  size_t position_ = 0;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
  size_t current_field_ = 0;
  bool met_quotes_ = false;  // in this record
  std::vector<std::string_view> fields_;
  std::deque<std::string> unescaped_;
  size_t unescaped_bytes_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_CSV_H_
