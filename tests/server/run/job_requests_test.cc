// Requests that meet each other, or a run that is at no worker.

#include <thread>

#include "core/base/status.h"
#include "server/run/check_spec.h"
#include "server/wire/time.h"
#include "tests/server/run/next_server.h"

namespace trainyard {
namespace {

v1::UpdateJobRequest Rename(const std::string& job, const std::string& display_name) {
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_job()->set_name(job);
  request.mutable_job()->set_display_name(display_name);
  return request;
}

class JobRequestsTest : public AllTables {
 protected:
  JobRequestsTest() { EXPECT_TRUE(Commit(Upload("datasets/iris")).ok()); }

  // An endless job that has begun.
  std::string Begin() {
    const std::string name = jobs_->Create(EndlessJob(), Caller())->name();
    AwaitStep(*jobs_, name, 1);
    return name;
  }
};

TEST_F(JobRequestsTest, AResumptionDoesNotUndoAnEnd) {
  const std::string name = Begin();
  ASSERT_TRUE(jobs_->Pause(name).ok());
  const StoredJob stored = catalogue_->GetJob(name).value();
  absl::Notification ended;
  const auto run = std::make_shared<JobRun>(
      services_, stored, CheckSpec(stored.job.spec(), SpecLimits(), datasets_).value(), std::vector<OptionsChange>(),
      JobRun::Told{.begun = [](const JobRun&) {}, .ended = [&](const std::shared_ptr<JobRun>&) { ended.Notify(); }});
  run->RequestEnd(StopReason::kDeadline);
  ASSERT_EQ(ErrorReason(run->Resume().status()), "JOB_ENDED");
  scheduler_.Add(run, 0);
  ended.WaitForNotification();
  EXPECT_EQ(run->Describe().stop_reason(), v1::STOP_REASON_DEADLINE);
}

// The former deadline comes while the new one is on its way to the log.
TEST_F(JobRequestsTest, AJobOutlivesADeadlineThatWasPutOff) {
  const std::string name = Begin();
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("deadline");
  request.mutable_job()->set_name(name);
  const absl::Time former = absl::Now() + absl::Seconds(1);
  *request.mutable_job()->mutable_deadline() = ToProto(former);
  ASSERT_TRUE(jobs_->Update(request).ok());
  WriterGate gate(*queue_);
  *request.mutable_job()->mutable_deadline() = ToProto(former + absl::Hours(1));
  std::thread update([&] { EXPECT_TRUE(jobs_->Update(request).ok()); });
  AwaitJob(*jobs_, name, [&](const v1::Job& job) { return FromProto(job.deadline()) > former; });
  absl::SleepFor(former + absl::Milliseconds(50) - absl::Now());
  gate.Open();
  update.join();
  EXPECT_EQ(jobs_->Pause(name).status(), absl::OkStatus());
}

TEST_F(JobRequestsTest, AJobThatWaitsForMemoryAfterARestartCanBePaused) {
  const std::string first = Begin();
  const int64_t memory = jobs_->Count().memory_bytes;
  const std::string second = Begin();
  scheduler_.Stop();
  NextServer next(services_, folder_.Database(), memory * 3 / 2);
  ASSERT_TRUE(next.jobs().Recover().ok());
  v1::ResumeJobRequest rewind;
  rewind.set_name(second);
  rewind.set_from_step(0);
  absl::Notification answered;
  std::thread pause([&] {
    EXPECT_EQ(next.jobs().Pause(second)->state(), v1::STATE_PAUSED);
    EXPECT_EQ(ErrorReason(next.jobs().Resume(rewind).status()), "JOB_QUEUED");
    answered.Notify();
  });
  EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_TRUE(next.jobs().Cancel(first).ok());
  pause.join();
  v1::ResumeJobRequest resume;
  resume.set_name(second);
  const int64_t step = next.jobs().Get(second)->progress().step();
  EXPECT_EQ(next.jobs().Resume(resume)->state(), v1::STATE_RUNNING);
  AwaitStep(next.jobs(), second, step + 2);
}

// What is queued of the update is not in the catalogue yet when the run is taken up.
TEST_F(JobRequestsTest, AModelKeepsTheNameThatItsJobGotBeforeItWasTakenUp) {
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    names.push_back(Begin());
    ASSERT_TRUE(jobs_->Pause(names.back()).ok());
  }
  scheduler_.Stop();
  NextServer next(services_, folder_.Database());
  const auto occupation = std::make_shared<Occupation>();
  next.scheduler().Add(occupation, 0);
  occupation->AwaitBegun();
  ASSERT_TRUE(next.jobs().Recover().ok());
  const std::string& last = names.back();
  v1::ResumeJobRequest resume;
  resume.set_name(last);
  const int64_t step = next.jobs().Resume(resume)->progress().step();

  WriterGate gate(*queue_);
  std::thread update([&] { EXPECT_TRUE(next.jobs().Update(Rename(last, "new")).ok()); });
  AwaitJob(next.jobs(), last, [](const v1::Job& job) { return job.display_name() == "new"; });
  occupation->Leave();
  AwaitStep(next.jobs(), last, step + 2);
  gate.Open();
  update.join();
  ASSERT_TRUE(next.jobs().Cancel(last).ok());
  EXPECT_EQ(catalogue_->GetModel(next.jobs().Get(last)->model())->display_name(), "new");
}

TEST_F(JobRequestsTest, APauseIsAnsweredThoughAnotherResumesTheJob) {
  const std::string name = Begin();
  absl::Notification paused;
  std::thread pauses([&] {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(jobs_->Pause(name).ok());
    paused.Notify();
  });
  v1::ResumeJobRequest resume;
  resume.set_name(name);
  std::vector<std::thread> resumptions;
  for (int i = 0; i < 2; ++i) {
    resumptions.emplace_back([&] {
      while (!paused.HasBeenNotified()) EXPECT_TRUE(jobs_->Resume(resume).ok());
    });
  }
  const bool answered = paused.WaitForNotificationWithTimeout(absl::Seconds(30));
  EXPECT_TRUE(answered);
  if (!answered) {
    EXPECT_TRUE(jobs_->Cancel(name).ok());
  }
  pauses.join();
  for (std::thread& resumption : resumptions) resumption.join();
}

// The job is in the catalogue, and its submit does not know that yet.
TEST_F(JobRequestsTest, ACancelIsAnsweredThoughTheSubmitIsNot) {
  const auto occupation = std::make_shared<Occupation>();
  scheduler_.Add(occupation, 0);
  occupation->AwaitBegun();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(jobs_->Create(EndlessJob(), Caller()).ok());
  absl::Notification committed, told, answered;
  WriterGate gate(*queue_);
  queue_->Commit(Nothing, [&](const absl::Status&) {
    committed.Notify();
    told.WaitForNotification();
  });
  std::thread submit([&] { EXPECT_TRUE(jobs_->Create(EndlessJob(), Caller()).ok()); });
  while (queue_->queued() < 3) absl::SleepFor(absl::Milliseconds(1));
  gate.Open();
  committed.WaitForNotification();
  const std::string name = catalogue_->ListJobs(Filter(), 1, "")->rows.front().job.name();
  std::thread cancel([&] {
    EXPECT_EQ(jobs_->Cancel(name)->state(), v1::STATE_CANCELLED);
    answered.Notify();
  });
  absl::SleepFor(absl::Milliseconds(20));  // for a cancel that does not wait for the submit
  told.Notify();
  EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(10)));
  occupation->Leave();
  submit.join();
  cancel.join();
}

}  // namespace
}  // namespace trainyard
