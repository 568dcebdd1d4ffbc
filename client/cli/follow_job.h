// Watching one job to its end.

#ifndef TRAINYARD_CLIENT_CLI_FOLLOW_JOB_H_
#define TRAINYARD_CLIENT_CLI_FOLLOW_JOB_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/session.h"
#include "client/cpp/client.h"

namespace trainyard::cli {

// Shows the job's events from `from_sequence` on as the session's output wants them, then its final metrics. Sets the
// exit code: 1 where the job did not succeed, 130 where Ctrl-C ended the watch, which leaves the job alone.
absl::Status FollowJob(Session& session, client::Client& client, const std::string& job, int64_t from_sequence);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_FOLLOW_JOB_H_
