#include "server/run/branch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

bool OnBranch(const v1::Job& job, const StoredCheckpoint& checkpoint) {
  if (checkpoint.attempt == job.attempt()) return true;
  // A job that an older server has kept does not say where its attempts began.
  if (job.attempts().empty()) return false;
  return std::none_of(job.attempts().begin(), job.attempts().end(), [&checkpoint](const v1::Attempt& later) {
    return later.attempt() > checkpoint.attempt && later.first_step() < checkpoint.step;
  });
}

}  // namespace

absl::Status NoCheckpoint(int64_t step, const std::vector<StoredCheckpoint>& kept) {
  const std::string steps = absl::StrJoin(
      kept, ", ", [](std::string* out, const StoredCheckpoint& checkpoint) { absl::StrAppend(out, checkpoint.step); });
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat("no checkpoint of step ", step, " is kept; there are those of steps ",
                                                 kept.empty() ? "none" : steps)),
      "NO_CHECKPOINT", {{"steps", steps}});
}

absl::StatusOr<StoredCheckpoint> ChooseCheckpoint(const v1::Job& job, const std::vector<StoredCheckpoint>& kept,
                                                  std::optional<int64_t> step) {
  std::vector<StoredCheckpoint> on_branch;
  for (const StoredCheckpoint& checkpoint : kept) {
    if (!OnBranch(job, checkpoint)) continue;
    if (!step.has_value() || checkpoint.step == *step) return checkpoint;
    on_branch.push_back(checkpoint);
  }
  return NoCheckpoint(step.value_or(job.progress().step()), on_branch);
}

int64_t FirstStepOf(const v1::Job& job, int32_t attempt) {
  for (const v1::Attempt& known : job.attempts()) {
    if (known.attempt() == attempt) return known.first_step();
  }
  return 0;
}

}  // namespace trainyard
