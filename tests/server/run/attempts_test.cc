// A run's attempts, and servers that are killed while one begins.

#include <cstdio>
#include <cstring>

#include "core/train/checkpoint.h"
#include "server/store/files.h"
#include "tests/server/run/next_server.h"

namespace trainyard {
namespace {

using AttemptsTest = AllTables;

// Files are published when the test says so, by their attempt.
class Publishing {
 public:
  Publishing() : system_(SystemFileCalls()) {
    now_ = this;
    SystemFileCalls().rename = [](const char* from, const char* to) { return now_->Rename(from, to); };
  }
  ~Publishing() { SystemFileCalls() = system_; }

  void Allow(int attempt) {
    absl::MutexLock lock(&mutex_);
    allowed_ = attempt;
  }

 private:
  int Rename(const char* from, const char* to) {
    int job = 0, attempt = 0;
    if (const char* name = std::strstr(to, "checkpoint-")) std::sscanf(name, "checkpoint-%d-%d-", &job, &attempt);
    {
      absl::MutexLock lock(&mutex_);
      const auto allowed = [&] { return attempt <= allowed_; };
      mutex_.Await(absl::Condition(&allowed));
    }
    return system_.rename(from, to);
  }

  static inline Publishing* now_ = nullptr;
  const FileCalls system_;
  absl::Mutex mutex_;
  int allowed_ = 0;
};

// A checkpoint of the former attempt is still being written when the run goes back.
TEST_F(AttemptsTest, NoRowNamesAnAttemptBeforeItsCheckpointIsThere) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  Publishing publishing;
  v1::CreateJobRequest request = EndlessJob();
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.mutable_network()->mutable_hidden(0)->mutable_dense()->set_units(4096);
  spec.mutable_optimizer()->set_learning_rate(1e30);
  spec.mutable_checkpoints()->set_every_steps(1);
  spec.mutable_divergence()->mutable_roll_back();
  const std::string name = jobs_->Create(request, Caller())->name();
  AwaitJob(*jobs_, name, [](const v1::Job& job) { return job.attempt() == 2; });
  publishing.Allow(1);
  while (Checkpoints(name).empty()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(catalogue_->GetJob(name)->job.attempt(), 1);
  publishing.Allow(1000);
  AwaitEnd(name);
}

}  // namespace
}  // namespace trainyard
