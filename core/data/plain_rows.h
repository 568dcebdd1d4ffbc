// Finds the fields of most rows of a CSV file many at a time: of those without quotes and with ASCII alone.

#ifndef TRAINYARD_CORE_DATA_PLAIN_ROWS_H_
#define TRAINYARD_CORE_DATA_PLAIN_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/data/delimiters.h"
#include "core/data/row_numbers.h"

namespace trainyard {

class PlainRows {
 public:
  PlainRows(std::string_view content, char separator) : content_(content), separator_(separator) {}

  // Where the fields of the row that starts at `position` end, counted from text(), a carriage return at the row's end left out; at [-1]
  // it is one before the row's start. nullptr where the row must be looked at more closely: it is not known to be plain, to be ended by
  // an LF and to have as many fields as `columns`. The positions grow from call to call; valid until the next.
  const uint32_t* Find(size_t position, size_t columns);

  const char* text() const { return content_.data() + start_; }

  // Where the row that Find found last ends, counted from the start of the content: its LF.
  size_t end() const { return start_ + end_; }

 private:
  static constexpr size_t kWindow = size_t{32} << 10;

  void Load(size_t position);

  std::string_view content_;
  char separator_;
  FindDelimiters find_delimiters_ = BestDelimiters();

  // What a window of the content has, counted from its start. The next row starts at or behind next_end_, next_newline_ and next_odd_.
  size_t start_ = 0;
  size_t size_ = 0;
  std::vector<uint32_t> ends_;      // of fields, behind one more at the start
  std::vector<uint32_t> newlines_;  // those among ends_ that are of rows
  std::vector<uint32_t> odd_;       // blocks with a quote or a byte of 128 and more, and one that is never reached
  size_t end_count_ = 0;
  size_t newline_count_ = 0;
  size_t next_end_ = 1;
  size_t next_newline_ = 0;
  size_t next_odd_ = 0;
  uint32_t end_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_PLAIN_ROWS_H_
