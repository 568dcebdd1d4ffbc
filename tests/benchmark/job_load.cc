// Many jobs, each submitted, awaited and its result fetched.
//
//   job_load ADDRESS REQUEST_FILE COUNT CALLERS        REQUEST_FILE: a serialised CreateJobRequest
//
// CALLERS threads submit; one watcher of these jobs, by their label, learns of their ends; then each job is read with its result. Prints
// jobs a second.

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tests/benchmark/load.h"
#include "trainyard/v1/job.grpc.pb.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard {
namespace {

class Ends {
 public:
  void Add(const std::string& job) {
    absl::MutexLock lock(&mutex_);
    ended_.insert(job);
  }

  void Await(const std::string& job) {
    absl::MutexLock lock(&mutex_);
    const auto ended = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ended_.contains(job); };
    mutex_.Await(absl::Condition(&ended));
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string> ended_ ABSL_GUARDED_BY(mutex_);
};

// Of all jobs of this label, those to come included; of metrics as little as can be asked for. Until the context is cancelled.
void WatchEnds(v1::WatchService::Stub& watch, const std::string& label, grpc::ClientContext& context, Ends& ends) {
  v1::WatchRequest request;
  request.add_targets()->set_job("jobs/-");
  request.mutable_targets(0)->set_filter("labels.load = \"" + label + "\"");
  request.add_series(v1::SERIES_LOSS);
  request.set_max_steps_per_second(1);
  const auto reader = watch.Watch(&context, request);
  v1::WatchResponse response;
  while (reader->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      if (event.state_changed().stop_reason() != v1::STOP_REASON_UNSPECIFIED) ends.Add(event.job());
    }
  }
}

void RunJobs(v1::JobService::Stub& jobs, const v1::CreateJobRequest& request, int count, Ends& ends) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    grpc::ClientContext context;
    v1::Job job;
    FailUnlessOk(jobs.CreateJob(&context, request, &job));
    names.push_back(job.name());
  }
  for (const std::string& name : names) {
    ends.Await(name);
    grpc::ClientContext context;
    v1::GetJobRequest get;
    get.set_name(name);
    v1::Job job;
    FailUnlessOk(jobs.GetJob(&context, get, &job));
    if (job.state() != v1::STATE_SUCCEEDED) Fail(name + ": " + job.state_message());
  }
}

int Main(int argc, char** argv) {
  if (argc < 5) Fail("usage: job_load ADDRESS REQUEST_FILE COUNT CALLERS");
  const auto channel = Connect(argv[1]);
  const auto jobs = v1::JobService::NewStub(channel);
  const auto watch = v1::WatchService::NewStub(channel);
  v1::CreateJobRequest request;
  if (!request.ParseFromString(ReadFile(argv[2]))) Fail("the request can't be read");
  const int callers = std::atoi(argv[4]);
  const int each = std::atoi(argv[3]) / callers;

  // No other job has it, of loads before this one either.
  const std::string label = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  (*request.mutable_job()->mutable_labels())["load"] = label;

  Ends ends;
  grpc::ClientContext context;
  std::thread watcher([&] { WatchEnds(*watch, label, context, ends); });
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back([&] { RunJobs(*jobs, request, each, ends); });
  for (std::thread& thread : threads) thread.join();
  std::printf("%.3f\n", each * callers / MillisecondsSince(begin) * 1000);
  context.TryCancel();
  watcher.join();
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
