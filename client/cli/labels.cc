#include "client/cli/labels.h"

#include "absl/strings/str_cat.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

absl::StatusOr<std::pair<std::string, std::string>> SplitAt(const std::string& text, size_t position) {
  if (position == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not of the form key=value"));
  }
  return std::pair(text.substr(0, position), text.substr(position + 1));
}

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> SplitAtFirst(const std::string& text) {
  return SplitAt(text, text.find('='));
}

absl::StatusOr<std::pair<std::string, std::string>> SplitAtLast(const std::string& text) {
  return SplitAt(text, text.rfind('='));
}

absl::Status SetLabels(const std::vector<std::string>& texts, google::protobuf::Map<std::string, std::string>& labels) {
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const auto pair, SplitAtFirst(text));
    labels[pair.first] = pair.second;
  }
  return absl::OkStatus();
}

}  // namespace trainyard::cli
