// A run that repeats what its log holds already: each output is compared with the logged one, to the bit.

#ifndef TRAINYARD_SERVER_RUN_REPLAY_H_
#define TRAINYARD_SERVER_RUN_REPLAY_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "core/train/run_events.h"
#include "server/store/event_log.h"

namespace trainyard {

// Whether a run repeats this event to the bit: what it measured and decided, not when it was paused.
bool IsOutput(const v1::Event& event);

// Not thread-safe. Reads the log and never writes it.
class Replay {
 public:
  // Of outputs of this attempt alone.
  Replay(const EventLog& log, JobKey job, std::string job_name, int32_t attempt);

  // The run stands at `step` and repeats what is logged after sequence number `position`. DATA_LOSS: an event can't be read.
  absl::Status Begin(int64_t position, int64_t step);

  // Whether something is logged that the run has not repeated.
  bool active() const { return !expected_.empty() || next_page_.has_value(); }

  // Compares an output of the run with the next logged one. False: none is left, the run is past its log.
  bool Repeats(const StepMetrics& metrics);
  bool Repeats(const v1::Event& output);

  // The run has ended: nothing that is logged may be left.
  void ExpectNoMore();

  // Steps that were compared.
  int64_t steps() const { return steps_; }

  // The first output that differs, as in "a metric of step 12"; what could not be read.
  struct Difference {
    int64_t step = 0;
    std::string what;
  };
  const std::optional<Difference>& difference() const { return difference_; }
  const absl::Status& read_status() const { return read_status_; }

  // All outputs up to this number, and of later events only steps before the run's own, are behind the run.
  int64_t consumed() const { return consumed_; }

  // The last number of the log, once it is read to its end.
  int64_t end() const { return end_; }

 private:
  // An event without what the log added to it.
  struct LoggedEvent {
    int64_t step;
    std::string bytes;
  };
  struct Expected {
    int64_t sequence;
    std::variant<StepMetrics, LoggedEvent> output;
  };

  std::optional<Expected> Take();
  void ReadAhead();
  absl::Status Read();
  absl::Status Expect(const LogEntry& entry);
  void Differ(int64_t step, std::string what);

  const EventLog& log_;
  const JobKey job_;
  const std::string job_name_;
  const int32_t attempt_;

  std::deque<Expected> expected_;
  std::optional<int64_t> next_page_;  // to be read; nullopt: read to the end
  int64_t first_step_ = 0;
  int64_t steps_ = 0;
  int64_t consumed_ = 0;
  int64_t end_ = 0;
  std::optional<Difference> difference_;
  absl::Status read_status_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_REPLAY_H_
