// A job's log as metrics need it: summaries where there are some, events elsewhere; and which steps a later attempt has made anew.

#ifndef TRAINYARD_SERVER_RUN_METRIC_HISTORY_H_
#define TRAINYARD_SERVER_RUN_METRIC_HISTORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/store/event_log.h"

namespace trainyard {

// The log of one job as it was when this was read. Never on a gRPC thread. Must not outlive the log.
class MetricHistory {
 public:
  static absl::StatusOr<MetricHistory> Read(const EventLog& log, JobKey job);

  // The last step of the newest event with metrics; -1: there is none.
  int64_t newest_step() const { return newest_step_; }

  // Steps of this attempt from here on were made again by a later one.
  int64_t SupersededFrom(int32_t attempt) const;

  struct Steps {
    int64_t first;
    int64_t last;
  };
  using TakeEvent = absl::FunctionRef<void(const v1::Event&)>;
  using TakeSummary = absl::FunctionRef<void(const MetricSummary&)>;

  // Gives the log in order. A summary of this level or a finer one stands for its events with metrics, where all of its steps are among
  // `steps` and hold; those of which no step does are left out. `steps` and what holds decide nothing else: events come whole, and so do
  // all that have no metrics.
  absl::Status Walk(Steps steps, int level, TakeEvent take_event, TakeSummary take_summary) const;

 private:
  // A run of events.
  struct Stretch {
    int64_t first_sequence;
    int64_t last_sequence;
    std::optional<MetricSummary> summary;
  };

  MetricHistory(const EventLog& log, JobKey job) : log_(&log), job_(job) {}

  absl::Status Cut(int level, int64_t first_sequence, int64_t last_sequence, std::vector<Stretch>& stretches) const;
  absl::Status ForEachEvent(int64_t first_sequence, int64_t last_sequence, TakeEvent take) const;
  absl::Status WalkSummary(const MetricSummary& summary, Steps steps, int level, TakeEvent take_event,
                           TakeSummary take_summary) const;
  absl::Status WalkStretches(const std::vector<Stretch>& stretches, Steps steps, int level, TakeEvent take_event,
                             TakeSummary take_summary) const;
  absl::Status Scan(const Stretch& stretch);
  void Note(int32_t attempt, int64_t step);

  const EventLog* log_;
  JobKey job_;
  std::vector<Stretch> stretches_;
  std::map<int32_t, int64_t> begins_;  // by attempt, the least step of its events
  int64_t newest_step_ = -1;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_METRIC_HISTORY_H_
