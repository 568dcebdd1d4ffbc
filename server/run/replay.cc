#include "server/run/replay.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

constexpr int kReplayPage = 256;

std::string OutputBytes(const v1::Event& event) {
  v1::Event bare = event;
  bare.clear_job();
  bare.clear_sequence();
  bare.clear_attempt();
  bare.clear_time();
  return bare.SerializeAsString();
}

}  // namespace

bool IsOutput(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kEvaluation:
    case v1::Event::kEarlyStop:
    case v1::Event::kDivergence:
    case v1::Event::kClippingBegan:
    case v1::Event::kLearningRateReduced:
      return true;
    default:
      return false;
  }
}

Replay::Replay(const EventLog& log, JobKey job, std::string job_name, int32_t attempt)
    : log_(log), job_(job), job_name_(std::move(job_name)), attempt_(attempt) {}

absl::Status Replay::Begin(int64_t position, int64_t step) {
  next_page_ = position + 1;
  consumed_ = position;
  first_step_ = step;
  return Read();
}

absl::Status Replay::Read() {
  while (expected_.empty() && next_page_.has_value()) {
    ASSIGN_OR_RETURN(const LogPage page, log_.Read(job_, *next_page_, kReplayPage));
    for (const LogEntry& entry : page.entries) RETURN_IF_ERROR(Expect(entry));
    next_page_ = *next_page_ + static_cast<int64_t>(page.entries.size());
    if (page.entries.empty()) {
      end_ = *next_page_ - 1;
      next_page_.reset();
    }
  }
  return absl::OkStatus();
}

absl::Status Replay::Expect(const LogEntry& entry) {
  v1::Event event;
  if (!event.ParseFromString(*entry.event)) {
    return absl::DataLossError(absl::StrCat("event ", entry.sequence, " of ", job_name_, " can't be read"));
  }
  if (event.attempt() != attempt_) return absl::OkStatus();
  if (event.has_metrics()) {
    ASSIGN_OR_RETURN(const std::vector<StepMetrics> steps, FromProto(event.metrics()));
    for (const StepMetrics& step : steps) {
      if (step.step >= first_step_) expected_.push_back({entry.sequence, step});
    }
  } else if (IsOutput(event)) {
    expected_.push_back({entry.sequence, LoggedEvent{event.step(), OutputBytes(event)}});
  }
  return absl::OkStatus();
}

void Replay::ReadAhead() {
  if (const absl::Status status = Read(); !status.ok() && read_status_.ok()) read_status_ = status;
}

std::optional<Replay::Expected> Replay::Take() {
  ReadAhead();
  if (expected_.empty()) return std::nullopt;
  Expected next = std::move(expected_.front());
  expected_.pop_front();
  const bool whole_event = expected_.empty() || expected_.front().sequence != next.sequence;
  consumed_ = whole_event ? next.sequence : next.sequence - 1;
  // So that the end of the log is known when the last output is taken.
  ReadAhead();
  return next;
}

void Replay::Differ(int64_t step, std::string what) {
  if (!difference_.has_value()) difference_ = Difference{step, std::move(what)};
}

bool Replay::Repeats(const StepMetrics& metrics) {
  const std::optional<Expected> expected = Take();
  if (!expected.has_value()) return false;
  ++steps_;
  const StepMetrics* const logged = std::get_if<StepMetrics>(&expected->output);
  if (logged == nullptr || !(*logged == metrics)) Differ(metrics.step, absl::StrCat("a metric of step ", metrics.step));
  return true;
}

bool Replay::Repeats(const v1::Event& output) {
  const std::optional<Expected> expected = Take();
  if (!expected.has_value()) return false;
  const LoggedEvent* const logged = std::get_if<LoggedEvent>(&expected->output);
  if (logged == nullptr || logged->bytes != OutputBytes(output)) {
    Differ(output.step(), absl::StrCat("an evaluation of step ", output.step()));
  }
  return true;
}

void Replay::ExpectNoMore() {
  if (!expected_.empty()) Differ(first_step_, "the number of outputs");
}

}  // namespace trainyard
