// Files that describe a job, in YAML or JSON.

#include "client/cli/json.h"
#include "client/cli/train_flags.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<v1::Job> job = cli::ParseJobFile(text);
  if (!job.ok()) return fuzz::ExpectCode(job.status(), absl::StatusCode::kInvalidArgument), 0;
  const absl::StatusOr<std::string> yaml = cli::ToYaml(*job);
  if (!yaml.ok()) return fuzz::ExpectCode(yaml.status(), absl::StatusCode::kInvalidArgument), 0;
  v1::Job again;
  const absl::Status read = cli::FromYaml(*yaml, again);
  fuzz::Expect(read.ok(), "a job that is written can be read", *yaml + std::string(read.ToString()));
  fuzz::Expect(again.DebugString() == job->DebugString(), "a job reads back as it was", *yaml);
  return 0;
}
