#include "core/data/bad_data.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr size_t kNamesShown = 10;
constexpr size_t kBytesShown = 40;

absl::Status Fault(std::string message, const std::map<std::string, std::string>& metadata) {
  return WithReason(absl::InvalidArgumentError(message), "BAD_DATA", metadata);
}

}  // namespace

absl::Status BadCell(int64_t row, std::string_view column, std::string_view fault) {
  return Fault(absl::StrCat("row ", row, ", column ", Quoted(column), ": ", AbslView(fault)),
               {{"row", absl::StrCat(row)}, {"column", std::string(column)}});
}

absl::Status BadCell(int64_t row, int64_t column, std::string_view fault) {
  return Fault(absl::StrCat("row ", row, ", column ", column, ": ", AbslView(fault)),
               {{"row", absl::StrCat(row)}, {"column", absl::StrCat(column)}});
}

absl::Status BadColumn(std::string_view column, std::string_view fault) {
  return Fault(absl::StrCat("column ", Quoted(column), ": ", AbslView(fault)), {{"column", std::string(column)}});
}

absl::Status BadData(std::string_view fault) { return Fault(std::string(fault), {}); }

std::string Quoted(std::string_view text) {
  if (text.size() <= kBytesShown) return absl::StrCat("\"", AbslView(text), "\"");
  size_t end = kBytesShown;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return absl::StrCat("\"", AbslView(text.substr(0, end)), "…\"");
}

std::string SomeOf(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) {
    absl::StrAppend(&list, i == 0 ? "" : ", ", Quoted(names[i]));
  }
  if (names.size() > kNamesShown) absl::StrAppend(&list, " and ", names.size() - kNamesShown, " more");
  return list;
}

}  // namespace trainyard
