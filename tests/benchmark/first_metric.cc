// The time from submitting a job until a watcher of it has its first metrics.
//
//   first_metric ADDRESS REQUEST_FILE COUNT        REQUEST_FILE: a serialised CreateJobRequest
//
// Submits, watches and lets each job end before the next. Prints a line of milliseconds a job.

#include "tests/benchmark/load.h"
#include "trainyard/v1/job.grpc.pb.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard {
namespace {

bool HasMetrics(const v1::WatchResponse& response) {
  for (const v1::Event& event : response.events()) {
    if (event.has_metrics()) return true;
  }
  return false;
}

v1::Job Submit(v1::JobService::Stub& jobs, const v1::CreateJobRequest& request) {
  grpc::ClientContext context;
  v1::Job job;
  FailUnlessOk(jobs.CreateJob(&context, request, &job));
  return job;
}

// Returns when the job has ended: the milliseconds since `begin` at its first metrics.
double Watch(v1::WatchService::Stub& watch, const std::string& job, Clock::time_point begin) {
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.add_targets()->set_job(job);
  const auto reader = watch.Watch(&context, request);
  v1::WatchResponse response;
  double first = -1;
  while (reader->Read(&response)) {
    if (first < 0 && HasMetrics(response)) first = MillisecondsSince(begin);
  }
  FailUnlessOk(reader->Finish());
  if (first < 0) Fail(job + " ended without metrics");
  return first;
}

int Main(int argc, char** argv) {
  if (argc < 4) Fail("usage: first_metric ADDRESS REQUEST_FILE COUNT");
  const auto channel = Connect(argv[1]);
  const auto jobs = v1::JobService::NewStub(channel);
  const auto watch = v1::WatchService::NewStub(channel);
  v1::CreateJobRequest request;
  if (!request.ParseFromString(ReadFile(argv[2]))) Fail("the request can't be read");
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    const auto begin = Clock::now();
    std::printf("%.4f\n", Watch(*watch, Submit(*jobs, request).name(), begin));
  }
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
