// PATH=VALUE, a line each, and times as people write them.

#include "client/cli/set_field.h"

#include "absl/strings/str_split.h"
#include "client/cli/text.h"
#include "tests/fuzz/fuzzing.h"
#include "trainyard/v1/job.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  v1::JobSpec spec;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(reinterpret_cast<const char*>(data), size), '\n')) {
    const absl::Status set = cli::SetField(spec, std::string(line));
    if (!set.ok()) fuzz::ExpectCode(set, absl::StatusCode::kInvalidArgument);
    const absl::StatusOr<google::protobuf::Duration> time = cli::ParseTime(std::string(line));
    if (!time.ok()) fuzz::ExpectCode(time.status(), absl::StatusCode::kInvalidArgument);
    if (time.ok()) cli::DurationText(cli::ToDuration(*time));
    cli::Shortened(cli::Printable(line), 20);
  }
  return 0;
}
