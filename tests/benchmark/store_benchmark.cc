// Measures the event log: appended rows a second when saturated, and the time from Append to committed at a given pace.
//
//   cmake --build build --target store_benchmark
//   build/bin/store_benchmark FOLDER [ROWS_PER_SECOND] [SECONDS] [JOBS] [BYTES]
//
// Leaves benchmark.db in FOLDER, which must exist.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "server/store/event_log.h"

namespace trainyard {
namespace {

v1::Event EventOf(int bytes) {
  v1::Event event;
  event.mutable_warning()->set_message(std::string(bytes, 'x'));
  return event;
}

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

// Appends `count` events as fast as the queue takes them, at most 20,000 ahead.
void Saturate(EventLog& log, CommitQueue& queue, int64_t count, int jobs, int bytes) {
  const v1::Event event = EventOf(bytes);
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < count; ++i) {
    log.Append(1 + i % jobs, event);
    while (i % 1000 == 0 && queue.queued() > 20000) std::this_thread::yield();
  }
  const absl::Status status = queue.CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); });
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("saturated: %.0f rows/s of %d bytes over %d jobs (%s)\n", count / seconds, bytes, jobs,
              status.ToString().c_str());
}

void Pace(EventLog& log, CommitQueue& queue, int64_t rate, int seconds, int jobs, int bytes) {
  const v1::Event event = EventOf(bytes);
  const int64_t count = rate * seconds;
  std::vector<absl::Duration> latencies(count);
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < count; ++i) {
    const absl::Time due = start + absl::Seconds(static_cast<double>(i) / static_cast<double>(rate));
    if (i % 8 == 0) {
      while (absl::Now() < due) absl::SleepFor(absl::Microseconds(20));
    }
    const absl::Time appended = absl::Now();
    log.Append(1 + i % jobs, event, nullptr,
               [&latencies, i, appended](absl::Status) { latencies[i] = absl::Now() - appended; });
  }
  const absl::Status status = queue.CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); });
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  std::sort(latencies.begin(), latencies.end());
  std::printf("paced: %.0f rows/s, append to committed p50 %.3f, p99 %.3f, p99.9 %.3f, max %.2f ms (%s)\n",
              static_cast<double>(count) / elapsed, Milliseconds(latencies[count / 2]),
              Milliseconds(latencies[count * 99 / 100]), Milliseconds(latencies[count * 999 / 1000]),
              Milliseconds(latencies.back()), status.ToString().c_str());
}

void Durable(CommitQueue& queue, int count) {
  std::vector<absl::Duration> latencies;
  for (int i = 0; i < count; ++i) {
    const absl::Time start = absl::Now();
    queue
        .CommitDurablyAndWait(
            [](Connection& c) { return c.Step("INSERT INTO uploads VALUES(randomblob(8), '', 0, '')"); })
        .IgnoreError();
    latencies.push_back(absl::Now() - start);
  }
  std::sort(latencies.begin(), latencies.end());
  std::printf("durable commits, one after the other: p50 %.3f, p99 %.3f ms\n", Milliseconds(latencies[count / 2]),
              Milliseconds(latencies[count * 99 / 100]));
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: store_benchmark FOLDER [ROWS_PER_SECOND] [SECONDS] [JOBS] [BYTES]\n");
    return 2;
  }
  const auto argument = [&](int index, int otherwise) { return argc > index ? std::atoi(argv[index]) : otherwise; };
  const int rate = argument(2, 20000);
  const int seconds = argument(3, 5);
  const int jobs = argument(4, 100);
  const int bytes = argument(5, 1000);
  const std::string path = std::string(argv[1]) + "/benchmark.db";
  absl::StatusOr<std::unique_ptr<CommitQueue>> queue = CommitQueue::Open(path);
  if (!queue.ok()) {
    std::fprintf(stderr, "%s\n", queue.status().ToString().c_str());
    return 1;
  }
  EventLog log(path, **queue);
  for (int job = 1; job <= jobs; ++job) {
    if (!log.Load(job).ok()) return 1;
  }
  Durable(**queue, 2000);
  Pace(log, **queue, rate, seconds, jobs, bytes);
  Saturate(log, **queue, int64_t{rate} * seconds * 4, jobs, bytes);
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
