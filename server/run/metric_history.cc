#include "server/run/metric_history.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr int64_t kPage = 512;

absl::Status Parse(const LogEntry& entry, v1::Event* event) {
  if (event->ParseFromString(*entry.event)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("event ", entry.sequence, " can't be read"));
}

}  // namespace

absl::StatusOr<MetricHistory> MetricHistory::Read(const EventLog& log, JobKey job) {
  MetricHistory history(log, job);
  ASSIGN_OR_RETURN(const LogPage whole, log.Read(job, 1, 0));
  RETURN_IF_ERROR(history.Cut(kCoarsestLevel, 1, whole.newest, history.stretches_));
  for (const Stretch& stretch : history.stretches_) RETURN_IF_ERROR(history.Scan(stretch));
  return history;
}

// Summaries of the level, between them those of finer ones, and where there are none the events.
absl::Status MetricHistory::Cut(int level, int64_t first_sequence, int64_t last_sequence,
                                std::vector<Stretch>& stretches) const {
  if (first_sequence > last_sequence) return absl::OkStatus();
  if (level == 0) {
    stretches.push_back({first_sequence, last_sequence, std::nullopt});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<MetricSummary> summaries, log_->Summaries(job_, level, first_sequence, last_sequence));
  for (MetricSummary& summary : summaries) {
    RETURN_IF_ERROR(Cut(level - 1, first_sequence, summary.first_sequence - 1, stretches));
    first_sequence = summary.last_sequence + 1;
    stretches.push_back({summary.first_sequence, summary.last_sequence, std::move(summary)});
  }
  return Cut(level - 1, first_sequence, last_sequence, stretches);
}

absl::Status MetricHistory::Scan(const Stretch& stretch) {
  if (stretch.summary.has_value()) {
    const MetricSummary& summary = *stretch.summary;
    Note(summary.attempt, summary.least_event_step);
    if (summary.first_step != summary.end_step) newest_step_ = summary.end_step - 1;
    return absl::OkStatus();
  }
  return ForEachEvent(stretch.first_sequence, stretch.last_sequence, [this](const v1::Event& event) {
    Note(event.attempt(), event.step());
    if (event.has_metrics()) newest_step_ = event.metrics().first_step() + event.metrics().step_count() - 1;
  });
}

void MetricHistory::Note(int32_t attempt, int64_t step) {
  const auto [begin, first] = begins_.try_emplace(attempt, step);
  if (!first) begin->second = std::min(begin->second, step);
}

int64_t MetricHistory::SupersededFrom(int32_t attempt) const {
  int64_t from = std::numeric_limits<int64_t>::max();
  for (auto later = begins_.upper_bound(attempt); later != begins_.end(); ++later) from = std::min(from, later->second);
  return from;
}

absl::Status MetricHistory::ForEachEvent(int64_t first_sequence, int64_t last_sequence, TakeEvent take) const {
  v1::Event event;
  for (int64_t next = first_sequence; next <= last_sequence;) {
    const auto count = static_cast<int>(std::min(kPage, last_sequence - next + 1));
    ASSIGN_OR_RETURN(const LogPage page, log_->Read(job_, next, count));
    if (page.entries.empty()) return absl::OkStatus();
    for (const LogEntry& entry : page.entries) {
      RETURN_IF_ERROR(Parse(entry, &event));
      take(event);
    }
    next = page.entries.back().sequence + 1;
  }
  return absl::OkStatus();
}

absl::Status MetricHistory::Walk(Steps steps, int level, TakeEvent take_event, TakeSummary take_summary) const {
  return WalkStretches(stretches_, steps, level, take_event, take_summary);
}

absl::Status MetricHistory::WalkStretches(const std::vector<Stretch>& stretches, Steps steps, int level,
                                          TakeEvent take_event, TakeSummary take_summary) const {
  for (const Stretch& stretch : stretches) {
    if (stretch.summary.has_value()) {
      RETURN_IF_ERROR(WalkSummary(*stretch.summary, steps, level, take_event, take_summary));
    } else {
      RETURN_IF_ERROR(ForEachEvent(stretch.first_sequence, stretch.last_sequence, take_event));
    }
  }
  return absl::OkStatus();
}

absl::Status MetricHistory::WalkSummary(const MetricSummary& summary, Steps steps, int level, TakeEvent take_event,
                                        TakeSummary take_summary) const {
  const int64_t end = std::min(SupersededFrom(summary.attempt) - 1, steps.last) + 1;
  const bool none = summary.first_step >= std::min(end, summary.end_step) || summary.end_step <= steps.first;
  const bool all = summary.first_step >= steps.first && summary.end_step <= end;
  if (!none && (!all || summary.level > level)) {
    std::vector<Stretch> parts;
    RETURN_IF_ERROR(Cut(summary.level - 1, summary.first_sequence, summary.last_sequence, parts));
    return WalkStretches(parts, steps, level, take_event, take_summary);
  }
  ASSIGN_OR_RETURN(const std::vector<LogEntry> others, log_->ReadSome(job_, summary.others));
  v1::Event event;
  for (const LogEntry& entry : others) {
    RETURN_IF_ERROR(Parse(entry, &event));
    take_event(event);
  }
  if (!none) take_summary(summary);
  return absl::OkStatus();
}

}  // namespace trainyard
