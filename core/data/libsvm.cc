#include "core/data/libsvm.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "core/data/bad_data.h"
#include "core/data/number.h"

namespace trainyard {
namespace {

constexpr std::string_view kSpaces = " \t\r";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

}  // namespace

absl::StatusOr<bool> LibsvmReader::Next() {
  while (position_ < content_.size()) {
    const size_t end = std::min(content_.find('\n', position_), content_.size());
    std::string_view text = content_.substr(position_, end - position_);
    position_ = end + 1;
    ++line_;
    text = Trimmed(text.substr(0, text.find('#')));
    if (text.empty()) continue;
    RETURN_IF_ERROR(ReadExample(text));
    return true;
  }
  return false;
}

absl::Status LibsvmReader::ReadExample(std::string_view text) {
  const std::string_view label = text.substr(0, text.find_first_of(" \t"));
  if (label.find(':') != std::string_view::npos) {
    return BadCell(line_, "label", "the line begins with index:value; it must begin with the label");
  }
  const NumberKind kind = ParseNumber(label, &label_);
  if (kind != NumberKind::kFinite) {
    return BadCell(line_, "label",
                   absl::StrCat(IsUtf8(label) ? Quoted(label) : "a text that is not UTF-8",
                                kind == NumberKind::kText ? " is not a number" : " must be a finite number"));
  }
  const std::optional<SparseFault> fault = ParseSparse(text.substr(label.size()), max_width_, features_);
  if (!fault.has_value()) return absl::OkStatus();
  return fault->index > 0 ? BadCell(line_, fault->index, fault->fault) : BadCell(line_, "features", fault->fault);
}

}  // namespace trainyard
