#include "core/data/npy_header.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

// NumPy's own bound.
constexpr size_t kMaxRank = 64;
constexpr size_t kMaxDescrSize = 64;

absl::Status NotADict() {
  return absl::InvalidArgumentError("is not a dict of descr, fortran_order and shape, each once");
}

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  absl::StatusOr<NpyHeader> Parse() {
    if (!Take('{')) return NotADict();
    while (!Take('}')) {
      RETURN_IF_ERROR(ParseEntry());
      if (!Take(',') && !Peek('}')) return NotADict();
    }
    SkipSpace();
    if (!rest_.empty() || !has_descr_ || !has_order_ || !has_shape_) return NotADict();
    return std::move(header_);
  }

 private:
  absl::Status ParseEntry() {
    std::string_view key;
    if (!TakeText(&key) || !Take(':')) return NotADict();
    if (key == "descr" && !has_descr_) return ParseDescr();
    if (key == "fortran_order" && !has_order_) return ParseOrder();
    if (key == "shape" && !has_shape_) return ParseShape();
    return NotADict();
  }

  absl::Status ParseDescr() {
    has_descr_ = true;
    if (Peek('[')) {
      return absl::InvalidArgumentError("tells of records with fields; save their numbers as one plain array");
    }
    std::string_view descr;
    if (!TakeText(&descr) || descr.size() > kMaxDescrSize) return NotADict();
    header_.descr = std::string(descr);
    return absl::OkStatus();
  }

  absl::Status ParseOrder() {
    has_order_ = true;
    header_.fortran_order = TakeWord("True");
    return header_.fortran_order || TakeWord("False") ? absl::OkStatus() : NotADict();
  }

  absl::Status ParseShape() {
    has_shape_ = true;
    if (!Take('(')) return NotADict();
    while (!Take(')')) {
      if (header_.shape.size() == kMaxRank) {
        return absl::InvalidArgumentError(absl::StrCat("has a shape of more than ", kMaxRank, " dimensions"));
      }
      RETURN_IF_ERROR(ParseDimension());
      if (!Take(',') && !Peek(')')) return NotADict();
    }
    return absl::OkStatus();
  }

  absl::Status ParseDimension() {
    SkipSpace();
    if (rest_.empty()) return NotADict();
    if (rest_[0] == '-') return absl::InvalidArgumentError("has a negative dimension in its shape");
    if (rest_[0] < '0' || rest_[0] > '9') return NotADict();
    int64_t value = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1)) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) || __builtin_add_overflow(value, rest_[0] - '0', &value)) {
        return absl::InvalidArgumentError("has a dimension beyond 2^63 in its shape");
      }
    }
    // As Python 2 wrote long integers.
    if (!rest_.empty() && rest_[0] == 'L') rest_.remove_prefix(1);
    header_.shape.push_back(value);
    return absl::OkStatus();
  }

  void SkipSpace() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }

  bool Peek(char c) {
    SkipSpace();
    return !rest_.empty() && rest_[0] == c;
  }

  bool Take(char c) {
    const bool there = Peek(c);
    if (there) rest_.remove_prefix(1);
    return there;
  }

  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  // A text in quotes, without escapes.
  bool TakeText(std::string_view* text) {
    const char quote = Peek('"') ? '"' : '\'';
    if (!Take(quote)) return false;
    const size_t end = rest_.find(quote);
    if (end == std::string_view::npos) return false;
    *text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text->find('\\') == std::string_view::npos;
  }

  std::string_view rest_;
  NpyHeader header_;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view text) { return HeaderParser(text).Parse(); }

}  // namespace trainyard
