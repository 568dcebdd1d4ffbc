// Which of a job's checkpoints lie on its way to where it is now.

#ifndef TRAINYARD_SERVER_RUN_BRANCH_H_
#define TRAINYARD_SERVER_RUN_BRANCH_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/catalogue.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

// `kept`: all checkpoints of the job, the newest first. Of those on the job's branch the newest; or that of a step, of equal steps the
// newest. FAILED_PRECONDITION (NO_CHECKPOINT, with the `steps` that there are): there is none.
absl::StatusOr<StoredCheckpoint> ChooseCheckpoint(const v1::Job& job, const std::vector<StoredCheckpoint>& kept,
                                                  std::optional<int64_t> step);

// FAILED_PRECONDITION (NO_CHECKPOINT, with the `steps` of those kept)
absl::Status NoCheckpoint(int64_t step, const std::vector<StoredCheckpoint>& kept);

// The first update of an attempt; 0 where the job's row does not know.
int64_t FirstStepOf(const v1::Job& job, int32_t attempt);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_BRANCH_H_
