// JobService.ForkJob: another job's checkpoint as the beginning of a new one.

#ifndef TRAINYARD_SERVER_RUN_FORK_JOB_H_
#define TRAINYARD_SERVER_RUN_FORK_JOB_H_

#include "absl/status/statusor.h"
#include "server/run/job_run.h"
#include "server/run/spec_changes.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

struct Fork {
  CheckedRun run;
  Checkpoint first;  // the state that it begins with
  v1::ForkSource source;
};

// `source` is the job of `key`. Reads the data set's rows: never on a gRPC thread. Errors are those of ForkJob.
absl::StatusOr<Fork> MakeFork(const v1::Job& source, JobKey key, const v1::ForkJobRequest& request,
                              const RunServices& services, const SpecCheck& check);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_FORK_JOB_H_
