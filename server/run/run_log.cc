#include "server/run/run_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

constexpr int kReplayPage = 256;

// The events that a run repeats to the bit.
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

// The event without what the log added to it.
std::string OutputBytes(const v1::Event& event) {
  v1::Event bare = event;
  bare.clear_job();
  bare.clear_sequence();
  bare.clear_attempt();
  bare.clear_time();
  return bare.SerializeAsString();
}

}  // namespace

absl::StatusOr<int64_t> LoggedSteps(const EventLog& log, JobKey job, int32_t attempt) {
  ASSIGN_OR_RETURN(const LogPage whole, log.Read(job, 1, 1));
  for (int64_t end = whole.newest; end >= whole.oldest; end -= kReplayPage) {
    const int64_t begin = std::max(end - kReplayPage + 1, whole.oldest);
    ASSIGN_OR_RETURN(const LogPage page, log.Read(job, begin, static_cast<int>(end - begin + 1)));
    for (auto entry = page.entries.rbegin(); entry != page.entries.rend(); ++entry) {
      v1::Event event;
      if (!event.ParseFromString(*entry->event)) continue;
      if (event.attempt() < attempt) return 0;
      if (!event.has_metrics()) continue;
      return event.metrics().first_step() + event.metrics().step_count();
    }
  }
  return 0;
}

RunLog::RunLog(EventLog& log, JobKey job, std::string job_name, int32_t attempt, int64_t newest)
    : log_(log), job_(job), job_name_(std::move(job_name)), attempt_(attempt), position_(newest) {
  buffer_.reserve(kChunkSteps);
}

absl::Status RunLog::BeginReplay(int64_t position, int64_t step) {
  next_page_ = position + 1;
  consumed_ = position;
  replay_step_ = step;
  return ReadExpected();
}

absl::Status RunLog::ReadExpected() {
  while (expected_.empty() && next_page_.has_value()) {
    ASSIGN_OR_RETURN(const LogPage page, log_.Read(job_, *next_page_, kReplayPage));
    for (const LogEntry& entry : page.entries) RETURN_IF_ERROR(Expect(entry));
    next_page_ = *next_page_ + static_cast<int64_t>(page.entries.size());
    if (page.entries.empty()) {
      position_ = *next_page_ - 1;
      next_page_.reset();
    }
  }
  return absl::OkStatus();
}

absl::Status RunLog::Expect(const LogEntry& entry) {
  v1::Event event;
  if (!event.ParseFromString(*entry.event)) {
    return absl::DataLossError(absl::StrCat("event ", entry.sequence, " of ", job_name_, " can't be read"));
  }
  if (event.attempt() != attempt_) return absl::OkStatus();
  if (event.has_metrics()) {
    ASSIGN_OR_RETURN(const std::vector<StepMetrics> steps, FromProto(event.metrics()));
    for (const StepMetrics& step : steps) {
      if (step.step >= replay_step_) expected_.push_back({entry.sequence, step});
    }
  } else if (IsOutput(event)) {
    expected_.push_back({entry.sequence, LoggedEvent{event.step(), OutputBytes(event)}});
  }
  return absl::OkStatus();
}

void RunLog::BeginAttempt(int32_t attempt) {
  Flush();
  attempt_ = attempt;
}

std::optional<RunLog::Expected> RunLog::TakeExpected() {
  if (expected_.empty() && next_page_.has_value()) {
    if (const absl::Status status = ReadExpected(); !status.ok() && mismatch_.ok()) mismatch_ = status;
  }
  if (expected_.empty()) return std::nullopt;
  Expected next = std::move(expected_.front());
  expected_.pop_front();
  const bool whole_event = expected_.empty() || expected_.front().sequence != next.sequence;
  consumed_ = whole_event ? next.sequence : next.sequence - 1;
  // Reads ahead, so that the end of the log is known when the last output is taken.
  if (const absl::Status status = ReadExpected(); !status.ok() && mismatch_.ok()) mismatch_ = status;
  return next;
}

void RunLog::Mismatch(int64_t step, const std::string& what) {
  if (!mismatch_.ok()) return;
  mismatch_ =
      WithReason(absl::DataLossError(absl::StrCat("after a restart, ", what, " of step ", step,
                                                  " is not what the log says; the bits of this run can't be trusted")),
                 "REPLAY_MISMATCH", {{"step", absl::StrCat(step)}});
}

void RunLog::Step(const StepMetrics& metrics) {
  if (replaying()) {
    if (const std::optional<Expected> expected = TakeExpected()) {
      const StepMetrics* logged = std::get_if<StepMetrics>(&expected->output);
      if (logged == nullptr || !(*logged == metrics)) Mismatch(metrics.step, "a metric");
      return;
    }
  }
  if (buffer_.empty()) buffer_begun_ = absl::Now();
  buffer_.push_back(metrics);
  if (buffer_.size() == kChunkSteps) Flush();
}

void RunLog::Tell(v1::Event event) {
  if (IsOutput(event)) {
    if (const std::optional<Expected> expected = TakeExpected()) {
      const LoggedEvent* logged = std::get_if<LoggedEvent>(&expected->output);
      if (logged == nullptr || logged->bytes != OutputBytes(event)) Mismatch(event.step(), "an evaluation");
      return;
    }
  }
  Flush();
  Append(std::move(event));
}

void RunLog::Finish() {
  if (!expected_.empty()) Mismatch(replay_step_, "the number of outputs");
  Flush();
}

void RunLog::Append(v1::Event event) {
  event.set_job(job_name_);
  event.set_attempt(attempt_);
  position_ = log_.Append(job_, std::move(event), nullptr, [failure = failure_](const absl::Status& status) {
    if (!status.ok()) failure->Add(status);
  });
}

void RunLog::Flush() {
  if (buffer_.empty()) return;
  v1::Event event;
  event.set_step(buffer_.front().step);
  *event.mutable_metrics() = ToProto(std::span<const StepMetrics>(buffer_));
  buffer_.clear();
  Append(std::move(event));
}

void RunLog::FlushOld(absl::Time now) {
  if (!buffer_.empty() && now - buffer_begun_ >= kChunkAge) Flush();
}

}  // namespace trainyard
