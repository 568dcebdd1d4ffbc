#include "server/run/metrics.h"

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/run/names.h"
#include "server/run/thinning.h"

namespace trainyard {
namespace {

constexpr int kPage = 512;
constexpr int kDefaultPoints = 2000;

// Calls use(event) for each committed event of the job, in order.
template <typename Use>
absl::Status ForEachEvent(EventLog& log, JobKey job, Use use) {
  int64_t next = 1;
  while (true) {
    ASSIGN_OR_RETURN(const LogPage page, log.Read(job, next, kPage));
    if (page.entries.empty()) return absl::OkStatus();
    for (const LogEntry& entry : page.entries) {
      v1::Event event;
      if (!event.ParseFromString(*entry.event))
        return absl::DataLossError(absl::StrCat("event ", entry.sequence, " can't be read"));
      use(event);
    }
    next = page.entries.back().sequence + 1;
  }
}

// Which steps a later attempt has made anew.
class Superseded {
 public:
  void Note(const v1::Event& event) {
    const auto [begin, first] = begins_.try_emplace(event.attempt(), event.step());
    if (!first) begin->second = std::min(begin->second, event.step());
  }

  // Updates of this attempt from here on were made again by a later one.
  int64_t From(int32_t attempt) const {
    int64_t from = std::numeric_limits<int64_t>::max();
    for (auto later = begins_.upper_bound(attempt); later != begins_.end(); ++later)
      from = std::min(from, later->second);
    return from;
  }

 private:
  std::map<int32_t, int64_t> begins_;  // by attempt, its first step
};

absl::Status Check(const v1::GetMetricsRequest& request) {
  if (request.has_max_points() && (request.max_points() < 4 || request.max_points() > 100'000)) {
    return FieldError("max_points", int64_t{request.max_points()}, "in 4..100000");
  }
  for (int i = 0; i < request.series_size(); ++i) {
    if (!v1::Series_IsValid(request.series(i)) || request.series(i) == v1::SERIES_UNSPECIFIED) {
      return FieldError(absl::StrCat("series[", i, "]"), int64_t{request.series(i)}, "a series");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListEventsResponse> ListEvents(const v1::ListEventsRequest& request, JobTable& jobs, EventLog& log) {
  if (request.page_size() < 0 || request.page_size() > 1000) {
    return FieldError("page_size", int64_t{request.page_size()}, "in 1..1000, or 0 for the default");
  }
  ASSIGN_OR_RETURN(const JobKey job, jobs.FindKey(request.job(), "job"));
  const int64_t from = request.has_from_sequence() ? request.from_sequence() : 1;
  ASSIGN_OR_RETURN(const LogPage page, log.Read(job, from, request.page_size() == 0 ? 100 : request.page_size()));
  v1::ListEventsResponse response;
  for (const LogEntry& entry : page.entries) {
    if (!response.add_events()->ParseFromString(*entry.event)) {
      return absl::DataLossError(absl::StrCat("event ", entry.sequence, " of ", request.job(), " can't be read"));
    }
  }
  response.set_next_sequence(from + static_cast<int64_t>(page.entries.size()));
  response.set_oldest_sequence(page.oldest);
  response.set_newest_sequence(page.newest);
  return response;
}

absl::StatusOr<v1::GetMetricsResponse> GetMetrics(const v1::GetMetricsRequest& request, JobTable& jobs, EventLog& log) {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(const JobKey job, jobs.FindKey(request.job(), "job"));
  const int64_t first = request.has_first_step() ? request.first_step() : 0;
  const int64_t last = request.has_last_step() ? request.last_step() : std::numeric_limits<int64_t>::max();

  v1::GetMetricsResponse response;
  Superseded superseded;
  int64_t newest_step = -1;
  RETURN_IF_ERROR(ForEachEvent(log, job, [&](const v1::Event& event) {
    superseded.Note(event);
    if (event.has_metrics()) newest_step = event.metrics().first_step() + event.metrics().step_count() - 1;
  }));
  const int64_t last_step = std::min(last, newest_step);
  std::map<v1::Series, Thinner> thinners;
  const auto wanted = [&request](v1::Series series) {
    return request.series().empty() ||
           std::find(request.series().begin(), request.series().end(), series) != request.series().end();
  };
  const int max_points = request.has_max_points() ? request.max_points() : kDefaultPoints;
  RETURN_IF_ERROR(ForEachEvent(log, job, [&](const v1::Event& event) {
    const int64_t end = superseded.From(event.attempt());
    if (event.has_evaluation() && event.step() >= first && event.step() <= std::min(last, end)) {
      *response.add_evaluations() = event.evaluation();
    }
    const v1::MetricChunk& chunk = event.metrics();
    if (!event.has_metrics() || chunk.first_step() > last_step || chunk.first_step() + chunk.step_count() <= first)
      return;
    for (const v1::MetricColumn& column : chunk.columns()) {
      if (!wanted(column.series())) continue;
      Thinner& thinner = thinners.try_emplace(column.series(), first, last_step, max_points).first->second;
      for (int64_t i = 0; i < chunk.step_count(); ++i) {
        const int64_t step = chunk.first_step() + i;
        if (step < first || step > last_step || step >= end) continue;
        thinner.Add({step, column.values(column.values_size() == 1 ? 0 : static_cast<int>(i))});
      }
    }
  }));
  for (auto& [series, thinner] : thinners) {
    v1::SeriesPoints& points = *response.add_series();
    points.set_series(series);
    for (const Point& point : thinner.Finish()) {
      points.add_steps(point.step);
      points.add_values(point.value);
    }
    points.set_thinned(thinner.thinned());
  }
  return response;
}

}  // namespace trainyard
