// Everything that a server keeps in a data directory, over a disk that can fail.

#ifndef TRAINYARD_TESTS_SERVER_RUN_ALL_TABLES_H_
#define TRAINYARD_TESTS_SERVER_RUN_ALL_TABLES_H_

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/crc32c.h"
#include "gtest/gtest.h"
#include "server/run/job_table.h"
#include "tests/server/store/temporary_store.h"
#include "tests/testing/intercepted_disk.h"

namespace trainyard {

class AllTables : public testing::Test {
 protected:
  AllTables() : services_(Services()) {
    EXPECT_TRUE(datasets_.Recover().ok());
    EXPECT_TRUE(jobs_->Recover().ok());
  }
  ~AllTables() override {
    disk_.Heal();
    pool_.reset();
    scheduler_.Stop();
    jobs_->SaveForShutdown();
    queue_->CommitDurablyAndWait(Nothing).IgnoreError();
  }

  // The next sync of the log fails, and no other.
  void FailNextSync() {
    ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
    disk_.Fail({.kind = InterceptedDisk::Kind::kLog,
                .call = FailingDisk::Call::kSync,
                .code = SQLITE_IOERR_FSYNC,
                .times = 1});
  }

  absl::StatusOr<v1::Upload> OpenUpload(const std::string& name) {
    v1::CreateUploadRequest request;
    request.mutable_dataset()->set_name(name);
    request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
    return datasets_.CreateUpload(request, Caller());
  }
  // An upload of the flowers, whole and not committed.
  std::string Upload(const std::string& name) {
    const std::string upload = OpenUpload(name)->name();
    std::stringstream csv;
    csv << std::ifstream(TRAINYARD_SOURCE_DIR "/tests/data/iris.csv").rdbuf();
    const auto writer = datasets_.Write(upload).value();
    EXPECT_TRUE(writer->Write(0, Crc32c(csv.str()), csv.str()).ok());
    return upload;
  }
  absl::StatusOr<v1::Dataset> Commit(const std::string& upload) {
    v1::CommitUploadRequest request;
    request.set_name(upload);
    return datasets_.Commit(request);
  }

  // A job of so many steps, with a checkpoint after each, which is a file unless there are few units.
  v1::Job Train(int64_t steps, int64_t units = 4096) {
    v1::CreateJobRequest request;
    v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
    spec.mutable_data()->set_dataset("datasets/iris");
    spec.mutable_network()->add_hidden()->mutable_dense()->set_units(units);
    spec.mutable_optimizer()->set_learning_rate(0.001);
    spec.mutable_budget()->set_steps(steps);
    spec.mutable_checkpoints()->set_every_steps(1);
    return jobs_->Create(request, Caller()).value();
  }
  // As it is after half a minute where it does not end.
  v1::Job AwaitEnd(const std::string& name) {
    const absl::Time latest = absl::Now() + absl::Seconds(30);
    while (true) {
      v1::Job job = jobs_->Get(name).value();
      if (job.has_end_time() || absl::Now() > latest) return job;
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  std::vector<StoredCheckpoint> Checkpoints(const std::string& job) {
    return catalogue_->Checkpoints(jobs_->FindKey(job, "name").value()).value();
  }
  bool HasFile(const StoredCheckpoint& checkpoint) { return blobs_->Map(checkpoint.file).ok(); }

  RunServices Services() {
    return {log_, *queue_, *catalogue_, *blobs_, datasets_, saver_, scheduler_, counters_, journal_, int64_t{1} << 30};
  }

  FailingDisk disk_;
  TemporaryFolder folder_;
  Journal journal_{JournalOptions(), [](const std::string&) {}};
  std::unique_ptr<CommitQueue> queue_ = CommitQueue::Open(folder_.Database()).value();
  std::unique_ptr<Catalogue> catalogue_ = Catalogue::Open(folder_.Database()).value();
  std::unique_ptr<Blobs> blobs_ = Blobs::Open(folder_.path()).value();
  EventLog log_{folder_.Database(), *queue_};
  DatasetTable datasets_{DatasetLimits(), *queue_, *catalogue_, *blobs_};
  CheckpointSaver saver_{*blobs_, *catalogue_};
  Scheduler scheduler_{1, absl::Milliseconds(2)};
  RunCounters counters_;
  const RunServices services_;
  std::unique_ptr<WorkerPool> pool_ = std::make_unique<WorkerPool>(1);
  std::unique_ptr<JobTable> jobs_ = std::make_unique<JobTable>(JobLimits(), services_, *pool_);
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_RUN_ALL_TABLES_H_
