// JobService.VerifyJob: steps of a job computed anew, beside what its log says.

#ifndef TRAINYARD_SERVER_RUN_VERIFY_JOB_H_
#define TRAINYARD_SERVER_RUN_VERIFY_JOB_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "server/run/check_spec.h"
#include "server/run/job_run.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

struct VerifyOptions {
  std::optional<int64_t> from_step;   // default: where the newest attempt begins, as far back as there is a checkpoint
  std::optional<int64_t> step_count;  // default: all that are logged
};

// `job` is that of `key`. Never on a gRPC thread: it computes. CANCELLED once `cancelled` says so; other errors are those of VerifyJob.
absl::StatusOr<v1::VerifyJobResponse> VerifyJob(const v1::Job& job, JobKey key, const VerifyOptions& options,
                                                const RunServices& services, const SpecLimits& limits,
                                                const std::function<bool()>& cancelled);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_VERIFY_JOB_H_
