#include "client/cli/names.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace trainyard::cli {
namespace {

std::string RunId(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "jobs/")) absl::ConsumePrefix(&text, "models/");
  return std::string(text);
}

}  // namespace

std::string DatasetName(const std::string& text) {
  return absl::StrCat("datasets/", absl::StripPrefix(text, "datasets/"));
}

std::string JobName(const std::string& text) { return absl::StrCat("jobs/", RunId(text)); }

std::string ModelName(const std::string& text) { return absl::StrCat("models/", RunId(text)); }

}  // namespace trainyard::cli
