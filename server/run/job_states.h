// What holds of a job's state, wherever the job is.

#ifndef TRAINYARD_SERVER_RUN_JOB_STATES_H_
#define TRAINYARD_SERVER_RUN_JOB_STATES_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

inline bool IsTerminal(v1::State state) {
  return state == v1::STATE_SUCCEEDED || state == v1::STATE_FAILED || state == v1::STATE_CANCELLED;
}

// FAILED_PRECONDITION (JOB_ENDED): a request that an ended job can't follow.
inline absl::Status EndedError(const v1::Job& job) {
  const std::string& state = v1::State_Name(job.state());
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat(job.name(), " has ended already (", state, "): ", job.state_message())),
                    "JOB_ENDED", {{"state", state}});
}

// Of a job that cannot go on for want of room.
inline constexpr std::string_view kStandsStill = "the server's disk is full; stands still until there is room";

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_JOB_STATES_H_
