// Page tokens, times and names: a line each.

#include "server/run/names.h"
#include "server/store/columns.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::string> position = ReadPageToken("jobs", text);
  if (!position.ok()) fuzz::ExpectCode(position.status(), absl::StatusCode::kInvalidArgument);
  if (!text.empty()) {
    fuzz::Expect(*ReadPageToken("jobs", MakePageToken("jobs", text)) == text, "a token holds its position", text);
    fuzz::Expect(!ReadPageToken("models", MakePageToken("jobs", text)).ok(), "a token is of one list", text);
  }
  const absl::StatusOr<int64_t> key = ReadKeyToken("jobs", text);
  if (!key.ok()) fuzz::ExpectCode(key.status(), absl::StatusCode::kInvalidArgument);
  ParseTime(text);
  for (const absl::Status& status : {CheckName("name", text, "jobs"), CheckDisplayName(text), CheckRequestId(text)}) {
    if (!status.ok()) fuzz::ExpectCode(status, absl::StatusCode::kInvalidArgument);
  }
  google::protobuf::Map<std::string, std::string> labels;
  const size_t middle = text.find('=');
  labels[std::string(text.substr(0, middle))] = middle == text.npos ? "" : std::string(text.substr(middle + 1));
  const absl::Status checked = CheckLabels(labels);
  if (!checked.ok()) fuzz::ExpectCode(checked, absl::StatusCode::kInvalidArgument);
  return 0;
}
