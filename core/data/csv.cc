#include "core/data/csv.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "core/data/bad_data.h"
#include "core/data/schema.h"

namespace trainyard {
namespace {

// Of one record's fields with doubled quotes, which are the only ones that memory holds.
constexpr size_t kMostUnescapedBytes = size_t{16} << 20;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Bit i: byte i of the block is so.
struct BlockMasks {
  uint64_t delimiter;
  uint64_t non_ascii;
};

BlockMasks MasksOf(const char* block, char separator) {
  const __m256i separators = _mm256_set1_epi8(separator);
  const __m256i newlines = _mm256_set1_epi8('\n');
  const auto mask = [](__m256i bytes) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(bytes)));
  };
  const auto delimiters = [&](__m256i bytes) {
    return mask(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, separators), _mm256_cmpeq_epi8(bytes, newlines)));
  };
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
  return {delimiters(low) | delimiters(high) << 32, mask(low) | mask(high) << 32};
}

std::string_view WithoutCarriageReturn(std::string_view text) {
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::string FieldCount(size_t count) { return absl::StrCat(count, count == 1 ? " field" : " fields"); }

}  // namespace

void DelimiterIndex::Load(size_t block) {
  block_ = block;
  const char* bytes = text_.data() + block;
  char padded[kBlock] = {};
  if (block + kBlock > text_.size()) {
    if (block < text_.size()) std::memcpy(padded, bytes, text_.size() - block);
    bytes = padded;
  }
  const BlockMasks masks = MasksOf(bytes, separator_);
  mask_ = masks.delimiter;
  if (masks.non_ascii != 0) non_ascii_end_ = block + kBlock;
}

size_t DelimiterIndex::FindBehind() {
  while (block_ + kBlock < text_.size()) {
    Load(block_ + kBlock);
    if (mask_ != 0) return block_ + static_cast<size_t>(std::countr_zero(mask_));
  }
  return text_.size();
}

CsvReader::CsvReader(std::string_view content, char separator)
    : content_(content), separator_(separator), plain_rows_(content, separator), delimiters_(content, separator) {
  if (content_.substr(0, kByteOrderMark.size()) == kByteOrderMark) position_ = kByteOrderMark.size();
}

absl::StatusOr<CsvReader> CsvReader::Open(std::string_view content, char separator, int max_columns) {
  CsvReader reader(content, separator);
  RETURN_IF_ERROR(reader.ReadHeader(max_columns));
  return reader;
}

absl::Status CsvReader::ReadHeader(int max_columns) {
  if (position_ == content_.size()) {
    return BadCell(1, int64_t{1}, "the file is empty; its first line must name the columns");
  }
  const size_t limit = static_cast<size_t>(max_columns);
  fields_.resize(std::min(limit, content_.size()) + 1);
  ASSIGN_OR_RETURN(const size_t count, ReadRecord());
  if (count > limit) {
    return BadCell(1, static_cast<int64_t>(limit) + 1,
                   absl::StrCat("the header has ", count, " columns, the limit is ", limit));
  }
  std::unordered_map<std::string_view, size_t> seen;
  for (size_t i = 0; i < count; ++i) {
    const int64_t number = static_cast<int64_t>(i) + 1;
    if (fields_[i].empty()) return BadCell(1, number, "the header has an empty name");
    if (fields_[i].size() > kMostTextBytes) {
      return BadCell(1, number, absl::StrCat("a name of ", fields_[i].size(), " bytes; the limit is ", kMostTextBytes));
    }
    const auto [other, is_new] = seen.emplace(fields_[i], i);
    if (!is_new) {
      return BadCell(
          1, number,
          absl::StrCat("the header repeats the name ", Quoted(fields_[i]), " of column ", other->second + 1));
    }
  }
  names_.assign(fields_.begin(), fields_.begin() + static_cast<std::ptrdiff_t>(count));
  fields_.assign(count, {});
  return absl::OkStatus();
}

void CsvReader::SkipEmptyLines() {
  while (true) {
    const std::string_view rest = content_.substr(position_, 2);
    const size_t length = rest == "\r\n" ? 2 : rest.substr(0, 1) == "\n" ? 1 : 0;
    if (length == 0) return;
    position_ += length;
    ++next_line_;
  }
}

absl::StatusOr<bool> CsvReader::Next() {
  plain_ends_ = plain_rows_.Find(position_, names_.size());
  if (plain_ends_ != nullptr) {
    position_ = plain_rows_.end() + 1;
    line_ = next_line_++;
    return true;
  }
  if (names_.size() >= 2) SkipEmptyLines();
  if (position_ == content_.size()) return false;
  ASSIGN_OR_RETURN(const size_t count, ReadRecord());
  if (count != names_.size()) {
    return FieldFault(std::min(count, names_.size()),
                      absl::StrCat("the row has ", FieldCount(count), ", the header has ", names_.size()));
  }
  return true;
}

absl::StatusOr<size_t> CsvReader::ReadRecord() {
  line_ = next_line_;
  met_quotes_ = false;
  if (!unescaped_.empty()) {
    unescaped_.clear();
    unescaped_bytes_ = 0;
  }
  const size_t begin = position_;
  size_t count = 0;
  while (true) {
    std::string_view text;
    size_t end = position_;
    if (position_ < content_.size() && content_[position_] == '"') {
      met_quotes_ = true;
      current_field_ = count;
      ASSIGN_OR_RETURN(text, ReadQuoted(&end));
    } else {
      end = delimiters_.Find(position_);
      text = content_.substr(position_, end - position_);
      if (end == content_.size() || content_[end] == '\n') text = WithoutCarriageReturn(text);
    }
    if (count < fields_.size()) fields_[count] = text;
    ++count;
    position_ = std::min(end + 1, content_.size());
    if (end == content_.size() || content_[end] == '\n') break;
  }
  ++next_line_;
  if (met_quotes_ || delimiters_.MetNonAscii(begin)) {
    RETURN_IF_ERROR(CheckText(content_.substr(begin, position_ - begin)));
  }
  return count;
}

// From the opening quote at *position to the delimiter after the closing one, where it leaves *position.
absl::StatusOr<std::string_view> CsvReader::ReadQuoted(size_t* position) {
  const size_t begin = *position + 1;
  size_t piece = begin;
  std::string* joined = nullptr;
  size_t close;
  while (true) {
    close = content_.find('"', piece);
    if (close == std::string_view::npos)
      return FieldFault(current_field_, "a quoted field is not closed before the end of the file");
    if (close + 1 == content_.size() || content_[close + 1] != '"') break;
    if (joined == nullptr) joined = &unescaped_.emplace_back();
    unescaped_bytes_ += close + 1 - piece + (piece == begin ? sizeof(std::string) : 0);
    if (unescaped_bytes_ > kMostUnescapedBytes) {
      return FieldFault(current_field_, absl::StrCat("the row's fields with doubled quotes take more than ",
                                                     kMostUnescapedBytes >> 20, " MiB"));
    }
    joined->append(content_, piece, close + 1 - piece);
    piece = close + 2;
  }
  const std::string_view inside = content_.substr(begin, close - begin);
  next_line_ += std::count(inside.begin(), inside.end(), '\n');
  if (joined != nullptr) joined->append(content_, piece, close - piece);

  size_t end = close + 1;
  const std::string_view rest = content_.substr(end, 2);
  if (rest == "\r\n" || rest == "\r") end = close + 2;
  if (end < content_.size() && content_[end] != separator_ && content_[end] != '\n') {
    return FieldFault(current_field_, "text follows the closing quote; a quote inside a quoted field must be doubled");
  }
  *position = end;
  return joined != nullptr ? std::string_view(*joined) : inside;
}

absl::Status CsvReader::CheckText(std::string_view record) const {
  if (IsAscii(record) || IsUtf8(record)) return absl::OkStatus();
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!IsUtf8(fields_[i])) return FieldFault(i, "the text is not valid UTF-8");
  }
  return FieldFault(fields_.size(), "the text is not valid UTF-8");
}

absl::Status CsvReader::FieldFault(size_t field, std::string_view fault) const {
  if (field < names_.size()) return BadCell(line_, names_[field], fault);
  return BadCell(line_, static_cast<int64_t>(field) + 1, fault);
}

}  // namespace trainyard
