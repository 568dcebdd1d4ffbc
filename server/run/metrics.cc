#include "server/run/metrics.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/run/metric_history.h"
#include "server/run/thinned_evaluations.h"
#include "server/run/thinning.h"

namespace trainyard {
namespace {

constexpr int kDefaultPoints = 2000;

// An answer stays under the 4 MiB that gRPC clients take: a point has at most 13 bytes.
constexpr int kMostPoints = 200'000;
constexpr size_t kMostEvaluationBytes = 1 << 20;

// Of each series.
int MostPoints(const v1::GetMetricsRequest& request) {
  const std::set<int> wanted(request.series().begin(), request.series().end());
  const int series = wanted.empty() ? v1::Series_descriptor()->value_count() - 1 : static_cast<int>(wanted.size());
  return std::min(request.has_max_points() ? request.max_points() : kDefaultPoints, kMostPoints / series);
}

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

// Whether this is an evaluation that no later attempt has made anew.
bool IsEvaluationThatHolds(const v1::Event& event, const MetricHistory& history) {
  return event.has_evaluation() && event.step() <= history.SupersededFrom(event.attempt());
}

// Thins the metrics of the steps wanted, and their evaluations.
class Collector {
 public:
  // `request` and `history` must outlive this. Level 0: of events alone.
  Collector(const v1::GetMetricsRequest& request, const MetricHistory& history)
      : request_(request),
        history_(history),
        first_(std::max<int64_t>(request.has_first_step() ? request.first_step() : 0, 0)),
        last_(request.has_last_step() ? request.last_step() : std::numeric_limits<int64_t>::max()),
        end_(std::min(last_, history.newest_step()) + 1),
        plan_{.first_step = first_, .last_step = std::max(end_ - 1, first_), .max_points = MostPoints(request)} {}

  absl::Status Collect(int level) {
    return history_.Walk(
        {first_, end_ - 1}, level, [this](const v1::Event& event) { Take(event); },
        [this](const MetricSummary& summary) { Take(summary); });
  }
  int level() const { return plan_.Level(); }
  bool complete() const {
    return std::all_of(thinners_.begin(), thinners_.end(), [](const auto& entry) { return entry.second.complete(); });
  }
  v1::GetMetricsResponse Finish();

 private:
  void Take(const v1::Event& event);
  void Take(const v1::MetricChunk& chunk, int64_t end_step);
  void Take(const MetricSummary& summary);
  bool Wanted(v1::Series series) const {
    return request_.series().empty() ||
           std::find(request_.series().begin(), request_.series().end(), series) != request_.series().end();
  }
  Thinner& ThinnerOf(v1::Series series) { return thinners_.try_emplace(series, plan_).first->second; }

  const v1::GetMetricsRequest& request_;
  const MetricHistory& history_;
  const int64_t first_;
  const int64_t last_;
  const int64_t end_;  // of the steps wanted that have metrics
  const ThinningPlan plan_;
  ThinnedEvaluations evaluations_{kMostEvaluationBytes};
  std::map<v1::Series, Thinner> thinners_;
};

void Collector::Take(const v1::Event& event) {
  if (IsEvaluationThatHolds(event, history_) && event.step() >= first_ && event.step() <= last_) {
    evaluations_.Add(event.evaluation());
  }
  if (event.has_metrics()) Take(event.metrics(), std::min(history_.SupersededFrom(event.attempt()), end_));
}

void Collector::Take(const v1::MetricChunk& chunk, int64_t end_step) {
  const int64_t begin = std::max<int64_t>(first_ - chunk.first_step(), 0);
  const int64_t end = std::min(end_step - chunk.first_step(), chunk.step_count());
  if (begin >= end) return;
  for (const v1::MetricColumn& column : chunk.columns()) {
    if (!Wanted(column.series())) continue;
    Thinner& thinner = ThinnerOf(column.series());
    for (int64_t i = begin; i < end; ++i) {
      thinner.Add(Point{chunk.first_step() + i, column.values(column.values_size() == 1 ? 0 : static_cast<int>(i))});
    }
  }
}

void Collector::Take(const MetricSummary& summary) {
  for (const SummaryColumn& column : summary.columns) {
    if (!Wanted(column.series)) continue;
    Thinner& thinner = ThinnerOf(column.series);
    int64_t step = summary.first_cell() * CellSteps(summary.level);
    for (const Extrema& cell : column.cells) {
      thinner.Add(step, cell);
      step += CellSteps(summary.level);
    }
  }
}

v1::GetMetricsResponse Collector::Finish() {
  v1::GetMetricsResponse response;
  for (auto& [series, thinner] : thinners_) {
    v1::SeriesPoints& points = *response.add_series();
    points.set_series(series);
    for (const Point& point : thinner.Finish()) {
      points.add_steps(point.step);
      points.add_values(point.value);
    }
    points.set_thinned(thinner.thinned());
  }
  response.set_evaluations_thinned(evaluations_.thinned());
  evaluations_.MoveTo(*response.mutable_evaluations());
  return response;
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
  return ReadMetrics(request, job, log);
}

absl::StatusOr<v1::GetMetricsResponse> ReadMetrics(const v1::GetMetricsRequest& request, JobKey job,
                                                   const EventLog& log) {
  ASSIGN_OR_RETURN(const MetricHistory history, MetricHistory::Read(log, job));
  Collector collector(request, history);
  RETURN_IF_ERROR(collector.Collect(collector.level()));
  if (collector.complete()) return collector.Finish();
  Collector of_events(request, history);  // few points in a long range of steps
  RETURN_IF_ERROR(of_events.Collect(0));
  return of_events.Finish();
}

absl::StatusOr<std::vector<v1::Evaluation>> ReadEvaluations(int64_t last_step, JobKey job, const EventLog& log) {
  ASSIGN_OR_RETURN(const MetricHistory history, MetricHistory::Read(log, job));
  std::vector<v1::Evaluation> evaluations;
  const auto take = [&](const v1::Event& event) {
    if (IsEvaluationThatHolds(event, history) && event.step() <= last_step) evaluations.push_back(event.evaluation());
  };
  constexpr MetricHistory::Steps kNoMetrics = {0, -1};
  RETURN_IF_ERROR(history.Walk(kNoMetrics, 0, take, [](const MetricSummary&) {}));
  return evaluations;
}

}  // namespace trainyard
