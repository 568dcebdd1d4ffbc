#include "server/web/metrics_page.h"

#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/web/process_numbers.h"

namespace trainyard {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Adds families one after the other; samples belong to the family that was added last.
class Page {
 public:
  void Family(MetricType type, std::string name, std::string help) {
    families_.push_back({.name = std::move(name), .help = std::move(help), .type = type, .metric = {}});
  }

  void Sample(double value, Labels labels = {}) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = metric.counter.value = value;
  }

  void Sample(const DurationHistogram::Reading& reading, Labels labels = {}) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    metric.histogram.sample_sum = reading.sum_seconds;
    for (size_t i = 0; i < reading.counts.size(); ++i) {
      metric.histogram.sample_count += static_cast<uint64_t>(reading.counts[i]);
      const bool is_last = i == DurationHistogram::kUpperBounds.size();
      metric.histogram.bucket.push_back(
          {.cumulative_count = metric.histogram.sample_count,
           .upper_bound = is_last ? std::numeric_limits<double>::infinity() : DurationHistogram::kUpperBounds[i]});
    }
  }

  void Gauge(std::string name, std::string help, double value) {
    Family(MetricType::Gauge, std::move(name), std::move(help));
    Sample(value);
  }
  void Count(std::string name, std::string help, int64_t value) {
    Family(MetricType::Counter, std::move(name), std::move(help));
    Sample(static_cast<double>(value));
  }
  void Histogram(std::string name, std::string help, const DurationHistogram& histogram) {
    Family(MetricType::Histogram, std::move(name), std::move(help));
    Sample(histogram.Read());
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

// "STATE_RUNNING" as "running".
std::string Word(const std::string& name, std::string_view prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}
std::string StateWord(int state) { return Word(v1::State_Name(static_cast<v1::State>(state)), "STATE_"); }
std::string ReasonWord(int reason) {
  return Word(v1::StopReason_Name(static_cast<v1::StopReason>(reason)), "STOP_REASON_");
}

// As in gRPC's own metrics: "OK", "NOT_FOUND", …
std::string_view CodeName(grpc::StatusCode code) {
  static constexpr std::string_view kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto number = static_cast<size_t>(code);
  return number < std::size(kNames) ? kNames[number] : "UNKNOWN";
}

void AddTraining(const RunCounters& runs, Page& page) {
  page.Count("trainyard_steps_total", "Steps of training that were computed", runs.steps.value());
  page.Count("trainyard_examples_total", "Training examples that steps have seen", runs.examples.value());
  page.Histogram("trainyard_queue_wait_seconds", "From the submit of a job to its first step", runs.queue_wait);
  page.Histogram("trainyard_checkpoint_seconds", "Encoding and writing a checkpoint", runs.checkpoint);
}

void AddJobs(const Observed& observed, Page& page) {
  page.Family(MetricType::Gauge, "trainyard_jobs", "Jobs that have not ended, by state");
  for (const int state : {v1::STATE_QUEUED, v1::STATE_RUNNING, v1::STATE_PAUSED}) {
    page.Sample(static_cast<double>(observed.runs.in_state[state].value()), {{"state", StateWord(state)}});
  }
  page.Family(MetricType::Counter, "trainyard_jobs_ended_total", "Jobs that ended, by state and reason");
  for (const int state : {v1::STATE_SUCCEEDED, v1::STATE_FAILED, v1::STATE_CANCELLED}) {
    for (int reason = 1; reason < v1::StopReason_ARRAYSIZE; ++reason) {
      page.Sample(static_cast<double>(observed.runs.ended[state][reason].value()),
                  {{"state", StateWord(state)}, {"reason", ReasonWord(reason)}});
    }
  }
  const JobTable::Counts counts = observed.jobs.Count();
  page.Gauge("trainyard_queue_length", "Jobs that wait for a worker or for memory", counts.queued);
  page.Gauge("trainyard_job_memory_bytes", "Memory that running jobs may take, as estimated",
             static_cast<double>(counts.memory_bytes));
  page.Gauge("trainyard_job_memory_limit_bytes", "Memory that all running jobs together may take",
             static_cast<double>(observed.job_memory_limit));
  page.Gauge("trainyard_workers", "Threads that train", observed.workers);
}

void AddWatching(const WatchTable& watchers, Page& page) {
  const WatchTable::Lag lag = watchers.MeasureLag();
  page.Gauge("trainyard_watchers", "Watch streams", watchers.size());
  page.Gauge("trainyard_watch_lag_events", "Events that watchers were not given yet, all together",
             static_cast<double>(lag.total));
  page.Gauge("trainyard_watch_lag_most_events", "The same, of the watcher that lags most",
             static_cast<double>(lag.most));
  page.Count("trainyard_watch_events_total", "Events that watchers were given", watchers.counters().events.value());
  page.Count("trainyard_watch_bytes_total", "Bytes of messages to watchers", watchers.counters().bytes.value());
}

void AddStore(const Observed& observed, Page& page) {
  const CommitQueue& queue = observed.queue;
  page.Count("trainyard_upload_bytes_total", "Bytes of uploads that were accepted", observed.datasets.received_bytes());
  page.Count("trainyard_export_bytes_total", "Bytes of models that were exported",
             observed.runs.exported_bytes.value());
  page.Count("trainyard_store_changes_total", "Changes that the store has committed", queue.committed());
  page.Gauge("trainyard_store_queue_length", "Changes that wait for the store's writer",
             static_cast<double>(queue.queued()));
  page.Histogram("trainyard_store_sync_seconds", "Syncs of the store's log and database", queue.sync_durations());
  page.Gauge("trainyard_store_free_bytes", "Room on the disk of the data directory",
             static_cast<double>(observed.blobs.FreeBytes()));
  page.Gauge("trainyard_store_writable", "1: the store's last write succeeded, and no sync that failed is in doubt",
             queue.writable() ? 1 : 0);
  page.Gauge("trainyard_ready", "1: the server takes new work", observed.readiness.Check().ok() ? 1 : 0);
}

void AddCalls(const CallCounters& calls, Page& page) {
  page.Family(MetricType::Histogram, "trainyard_call_seconds",
              "Calls that ended, by method and code, from their arrival to their status; Watch is not among them");
  for (const CallCounters::Ended& ended : calls.Read()) {
    page.Sample(ended.durations, {{"method", ended.method.substr(1)}, {"code", std::string(CodeName(ended.code))}});
  }
}

void AddProcess(const Observed& observed, Page& page) {
  page.Family(MetricType::Gauge, "trainyard_build_info", "1, with the version and the fingerprint of its numbers");
  page.Sample(1, {{"version", observed.version}, {"numeric_fingerprint", observed.numeric_fingerprint}});
  const ProcessNumbers process = ReadProcessNumbers();
  page.Gauge("process_start_time_seconds", "When the server started, since 1970",
             absl::ToDoubleSeconds(observed.start_time - absl::UnixEpoch()));
  page.Family(MetricType::Counter, "process_cpu_seconds_total", "Processor time of all threads");
  page.Sample(process.cpu_seconds);
  page.Gauge("process_resident_memory_bytes", "Memory that the process has",
             static_cast<double>(process.resident_bytes));
  page.Gauge("trainyard_allocated_bytes", "Memory of it that is in use", static_cast<double>(process.allocated_bytes));
  page.Gauge("process_open_fds", "Open file descriptors", static_cast<double>(process.open_descriptors));
}

}  // namespace

std::string MetricsPage(const Observed& observed) {
  Page page;
  AddProcess(observed, page);
  AddTraining(observed.runs, page);
  AddJobs(observed, page);
  AddWatching(observed.watchers, page);
  AddStore(observed, page);
  AddCalls(observed.calls, page);
  return page.Text();
}

}  // namespace trainyard
