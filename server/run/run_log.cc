#include "server/run/run_log.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

constexpr int kBackwardPage = 256;

// The events first .. last.
absl::StatusOr<std::vector<LogEntry>> ReadAll(const EventLog& log, JobKey job, int64_t first, int64_t last) {
  std::vector<LogEntry> entries;
  for (int64_t next = first; next <= last; next = entries.back().sequence + 1) {
    ASSIGN_OR_RETURN(LogPage page, log.Read(job, next, static_cast<int>(last - next + 1)));
    if (page.entries.empty()) break;
    std::move(page.entries.begin(), page.entries.end(), std::back_inserter(entries));
  }
  return entries;
}

}  // namespace

absl::StatusOr<int64_t> LoggedSteps(const EventLog& log, JobKey job, int32_t attempt) {
  ASSIGN_OR_RETURN(const LogPage whole, log.Read(job, 1, 1));
  for (int64_t end = whole.newest; end >= whole.oldest; end -= kBackwardPage) {
    const int64_t begin = std::max(end - kBackwardPage + 1, whole.oldest);
    ASSIGN_OR_RETURN(const std::vector<LogEntry> entries, ReadAll(log, job, begin, end));
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
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
  replay_.emplace(log_, job_, job_name_, attempt_);
  return replay_->Begin(position, step);
}

void RunLog::BeginAttempt(int32_t attempt) {
  Flush();
  attempt_ = attempt;
}

void RunLog::NoteMismatch() {
  if (!mismatch_.ok()) return;
  if (!replay_->read_status().ok()) {
    mismatch_ = replay_->read_status();
  } else if (const std::optional<Replay::Difference>& difference = replay_->difference()) {
    mismatch_ = WithReason(
        absl::DataLossError(absl::StrCat("after a restart, ", difference->what,
                                         " is not what the log says; the bits of this run can't be trusted")),
        "REPLAY_MISMATCH", {{"step", absl::StrCat(difference->step)}});
  }
}

template <typename Output>
bool RunLog::Repeats(const Output& output) {
  if (!replaying()) return false;
  const bool repeats = replay_->Repeats(output);
  NoteMismatch();
  return repeats;
}

void RunLog::Step(const StepMetrics& metrics) {
  if (Repeats(metrics)) return;
  if (buffer_.empty()) buffer_begun_ = absl::Now();
  buffer_.push_back(metrics);
  if (buffer_.size() == kChunkSteps) Flush();
}

void RunLog::Tell(v1::Event event) {
  if (IsOutput(event) && Repeats(event)) return;
  Flush();
  Append(std::move(event));
}

void RunLog::Finish() {
  if (replaying()) {
    replay_->ExpectNoMore();
    NoteMismatch();
  }
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
