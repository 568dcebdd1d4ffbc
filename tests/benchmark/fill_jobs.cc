// Fills a store with ended jobs: copies of one, of which each tenth failed and each tenth was cancelled.
//
//   fill_jobs DATABASE JOB_FILE COUNT        JOB_FILE: a serialised Job; no server may have the store

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "server/store/catalogue.h"
#include "server/store/event_log.h"

namespace trainyard {
namespace {

// So that the queue stays short.
constexpr int kBetweenWaits = 1000;

v1::State StateOf(int i) {
  if (i % 10 == 3) return v1::STATE_FAILED;
  return i % 10 == 7 ? v1::STATE_CANCELLED : v1::STATE_SUCCEEDED;
}

v1::Event Ended(v1::State state) {
  v1::Event event;
  event.mutable_state_changed()->set_previous(v1::STATE_RUNNING);
  event.mutable_state_changed()->set_state(state);
  return event;
}

absl::Status Fill(const std::string& database, const v1::Job& ended, int count) {
  absl::StatusOr<std::unique_ptr<CommitQueue>> queue = CommitQueue::Open(database);
  if (!queue.ok()) return queue.status();
  absl::StatusOr<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(database);
  if (!catalogue.ok()) return catalogue.status();
  EventLog log(database, **queue);
  for (int i = 0; i < count; ++i) {
    StoredJob stored{.key = (*catalogue)->NextJobKey(), .job = ended, .request_id = "", .request_digest = ""};
    stored.job.set_name(absl::StrFormat("jobs/%032x", i));
    stored.job.set_state(StateOf(i));
    if (const absl::Status status = log.Load(stored.key); !status.ok()) return status;
    log.Append(stored.key, Ended(StateOf(i)), (*catalogue)->Insert(stored));
    if (i % kBetweenWaits != 0) continue;
    const absl::Status status = (*queue)->CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  v1::Job ended;
  if (argc < 4) {
    std::fprintf(stderr, "usage: fill_jobs DATABASE JOB_FILE COUNT\n");
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  if (!ended.ParseFromIstream(&file)) {
    std::fprintf(stderr, "%s: can't be read\n", argv[2]);
    return 1;
  }
  const absl::Status status = Fill(argv[1], ended, std::atoi(argv[3]));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
