// Servers that follow each other over one data directory.

#ifndef TRAINYARD_TESTS_SERVER_RUN_NEXT_SERVER_H_
#define TRAINYARD_TESTS_SERVER_RUN_NEXT_SERVER_H_

#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "tests/server/run/all_tables.h"

namespace trainyard {

// Has a worker until it is told to leave it.
class Occupation final : public Sliced {
 public:
  Then RunSlice(absl::Duration) override {
    begun_.Notify();
    left_.WaitForNotification();
    return Then::kDone;
  }
  void AwaitBegun() { begun_.WaitForNotification(); }
  void Leave() { left_.Notify(); }

 private:
  absl::Notification begun_;
  absl::Notification left_;
};

// Takes up what the server of `former`, whose scheduler has been stopped as if it had been killed, left. It outlives this.
class NextServer {
 public:
  NextServer(const RunServices& former, const std::string& database, int64_t memory_bytes = int64_t{1} << 30)
      : log_(database, former.queue),
        services_{log_,         former.queue, former.catalogue, former.blobs,   former.datasets,
                  former.saver, scheduler_,   former.counters,  former.journal, former.memory_limit},
        jobs_(JobLimits{.spec = {.memory_bytes = memory_bytes}}, services_, pool_) {
    // What the former has queued comes before anything of this.
    EXPECT_TRUE(former.queue.CommitDurablyAndWait(Nothing).ok());
  }
  ~NextServer() {
    scheduler_.Stop();
    jobs_.SaveForShutdown();
    services_.queue.CommitDurablyAndWait(Nothing).IgnoreError();
  }

  const RunServices& services() const { return services_; }
  Scheduler& scheduler() { return scheduler_; }
  JobTable& jobs() { return jobs_; }

 private:
  EventLog log_;
  Scheduler scheduler_{1, absl::Milliseconds(2)};
  WorkerPool pool_{1};
  const RunServices services_;
  JobTable jobs_;
};

// A small job over the flowers that does not end.
inline v1::CreateJobRequest EndlessJob() {
  v1::CreateJobRequest request;
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.mutable_data()->set_dataset("datasets/iris");
  spec.mutable_network()->add_hidden()->mutable_dense()->set_units(4);
  spec.mutable_optimizer()->set_learning_rate(0.001);
  spec.mutable_budget()->set_steps(int64_t{1} << 40);
  return request;
}

// Until the job is as `wanted` says.
template <typename Wanted>
v1::Job AwaitJob(JobTable& jobs, const std::string& name, Wanted wanted) {
  while (true) {
    v1::Job job = jobs.Get(name).value();
    if (wanted(job)) return job;
    absl::SleepFor(absl::Milliseconds(1));
  }
}

inline v1::Job AwaitStep(JobTable& jobs, const std::string& name, int64_t step) {
  return AwaitJob(jobs, name, [step](const v1::Job& job) { return job.progress().step() >= step; });
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_RUN_NEXT_SERVER_H_
