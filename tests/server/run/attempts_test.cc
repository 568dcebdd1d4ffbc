// A run's attempts, and servers that are killed while one begins.

#include "core/train/checkpoint.h"
#include "tests/server/run/next_server.h"
#include "tests/server/run/publishing.h"

namespace trainyard {
namespace {

using AttemptsTest = AllTables;
class HeldAttemptsTest : public WithPublishing, public AllTables {};

TEST_F(AttemptsTest, AnAttemptUnderAnotherFingerprintSurvivesTheNextServer) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const std::string name = jobs_->Create(EndlessJob(), Caller())->name();
  AwaitStep(*jobs_, name, 1);
  ASSERT_TRUE(jobs_->Pause(name).ok());
  v1::ResumeJobRequest resume;
  resume.set_name(name);
  ASSERT_TRUE(jobs_->Resume(resume).ok());
  scheduler_.Stop();
  const JobKey key = jobs_->FindKey(name, "name").value();
  const StoredCheckpoint newest = Checkpoints(name).front();
  Checkpoint checkpoint = saver_.Load(key, newest).value();
  checkpoint.fingerprint = "another";
  StoredCheckpoint altered = saver_.SaveFirst(key, checkpoint, 1, newest.log_position)->stored;
  ASSERT_TRUE(queue_->CommitDurablyAndWait(catalogue_->Insert(key, altered)).ok());

  NextServer second(services_, folder_.Database());
  ASSERT_TRUE(second.jobs().Recover().ok());
  AwaitJob(second.jobs(), name, [](const v1::Job& job) { return job.attempt() == 2; });
  AwaitStep(second.jobs(), name, second.jobs().Get(name)->progress().step() + 10'000);
  v1::UpdateJobRequest update;
  update.mutable_update_mask()->add_paths("display_name");
  update.mutable_job()->set_name(name);
  update.mutable_job()->set_display_name("new");
  ASSERT_TRUE(second.jobs().Update(update).ok());
  second.scheduler().Stop();

  NextServer third(second.services(), folder_.Database());
  ASSERT_TRUE(third.jobs().Recover().ok());
  const int64_t step = third.jobs().Get(name)->progress().step();
  const v1::Job job = AwaitJob(third.jobs(), name, [&](const v1::Job& now) {
    return now.progress().step() > step + 1000 || now.has_end_time();
  });
  EXPECT_EQ(job.state(), v1::STATE_RUNNING) << job.state_message();
  EXPECT_EQ(job.attempt(), 2);
}

TEST_F(AttemptsTest, AnotherFingerprintIsKnownBeforeTheFirstCheckpoint) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const std::string name = jobs_->Create(EndlessJob(), Caller())->name();
  const v1::Job begun = AwaitStep(*jobs_, name, 1);
  EXPECT_EQ(begun.attempts(0).numeric_fingerprint(), NumericFingerprint());
  scheduler_.Stop();
  v1::Job job = catalogue_->GetJob(name)->job;
  job.mutable_attempts(0)->set_numeric_fingerprint("another");
  ASSERT_TRUE(queue_->CommitDurablyAndWait(catalogue_->Update(jobs_->FindKey(name, "name").value(), job)).ok());
  ASSERT_TRUE(Checkpoints(name).empty());

  NextServer second(services_, folder_.Database());
  ASSERT_TRUE(second.jobs().Recover().ok());
  job = AwaitJob(second.jobs(), name, [](const v1::Job& now) { return now.attempt() == 2 || now.has_end_time(); });
  EXPECT_EQ(job.state(), v1::STATE_RUNNING) << job.state_message();
  EXPECT_EQ(job.attempts(1).first_step(), 0);
  EXPECT_EQ(job.attempts(1).numeric_fingerprint(), NumericFingerprint());
}

// A checkpoint of the former attempt is still being written when the run goes back.
TEST_F(HeldAttemptsTest, NoRowNamesAnAttemptBeforeItsCheckpointIsThere) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  v1::CreateJobRequest request = EndlessJob();
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.mutable_network()->mutable_hidden(0)->mutable_dense()->set_units(4096);
  spec.mutable_optimizer()->set_learning_rate(1e30);
  spec.mutable_checkpoints()->set_every_steps(1);
  spec.mutable_divergence()->mutable_roll_back();
  const std::string name = jobs_->Create(request, Caller())->name();
  AwaitJob(*jobs_, name, [](const v1::Job& job) { return job.attempt() == 2; });
  publishing_.Allow(1);
  while (Checkpoints(name).empty()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(catalogue_->GetJob(name)->job.attempt(), 1);
  publishing_.Allow(1000);
  AwaitEnd(name);
}

}  // namespace
}  // namespace trainyard
