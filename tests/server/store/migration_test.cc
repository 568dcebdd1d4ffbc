// What an earlier version of the server has stored is there, unchanged, for this one.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "server/store/event_log.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::SizeIs;

// Takes a database of this version back to an earlier one, as far as its tables and columns go.
void TakeBack(Connection& connection, int version) {
  std::string sql;
  if (version < 5) sql += "DROP INDEX datasets_by_file;";
  if (version < 4) sql += "ALTER TABLE jobs DROP COLUMN owner; ALTER TABLE uploads DROP COLUMN owner;";
  if (version < 3) sql += "ALTER TABLE checkpoints DROP COLUMN state;";
  if (version < 2) sql += "DROP TABLE metric_summaries;";
  ASSERT_TRUE(connection.Run(absl::StrCat(sql, "PRAGMA user_version = ", version)).ok());
}

// Tables, their columns with types, and indices.
std::vector<std::string> Structure(Connection& connection) {
  Statement rows = connection
                       .Prepare(
                           "SELECT m.type || ' ' || m.name || ' ' || coalesce(c.name || ' ' || c.type, '')"
                           " FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ORDER BY m.name, c.cid")
                       .value();
  std::vector<std::string> structure;
  while (rows.Step().value()) structure.emplace_back(rows.Text(0));
  return structure;
}

// A store of version GetParam() with one of everything in it.
class MigrationTest : public testing::TestWithParam<int> {
 protected:
  MigrationTest() {
    Open();
    upload_.upload.set_name("uploads/u");
    upload_.upload.set_size_bytes(12);
    upload_.request_id = "r-1";
    dataset_.dataset.set_name("datasets/iris");
    (*dataset_.dataset.mutable_labels())["team"] = "flowers";
    dataset_.dataset.set_row_count(150);
    dataset_.file = "iris.data";
    job_.key = catalogue_->NextJobKey();
    job_.job.set_name("jobs/j");
    job_.job.set_state(v1::STATE_RUNNING);
    (*job_.job.mutable_labels())["team"] = "flowers";
    job_.request_id = "r-2";
    model_.set_name("models/j");
    model_.set_parameters_digest("digest");
    checkpoint_ = {
        .attempt = 2, .step = 256, .digest = "digest", .file = "checkpoint-1", .size_bytes = 9, .log_position = 3};
    Commit(catalogue_->Put(upload_));
    Commit(catalogue_->Insert(dataset_));
    Commit(catalogue_->Insert(job_));
    Commit(catalogue_->Put(job_.key, model_));
    Commit(catalogue_->Insert(job_.key, checkpoint_));
    AppendEvents();
    before_ = Events();
    Close();
    TakeBack(*Connection::Open(folder_.Database()).value(), GetParam());
    Open();
  }

  void Open() {
    queue_ = CommitQueue::Open(folder_.Database()).value();
    catalogue_ = Catalogue::Open(folder_.Database()).value();
    log_ = std::make_unique<EventLog>(folder_.Database(), *queue_);
  }
  void Close() {
    log_.reset();
    catalogue_.reset();
    queue_.reset();
  }
  void Commit(CommitQueue::Change change) { ASSERT_TRUE(queue_->CommitDurablyAndWait(std::move(change)).ok()); }

  // As many chunks of metrics as make summaries, after a change of state.
  void AppendEvents() {
    ASSERT_TRUE(log_->Load(job_.key).ok());
    v1::Event running;
    running.mutable_state_changed()->set_state(v1::STATE_RUNNING);
    log_->Append(job_.key, running);
    for (int i = 0; i < 40; ++i) {
      v1::Event chunk;
      chunk.mutable_metrics()->set_first_step(256 * i);
      chunk.mutable_metrics()->set_step_count(256);
      chunk.mutable_metrics()->add_columns()->add_values(i);
      log_->Append(job_.key, chunk);
    }
    Commit(Nothing);
  }
  std::vector<std::string> Events() {
    std::vector<std::string> events;
    const LogPage page = log_->Read(job_.key, 1, 1000).value();
    for (const LogEntry& entry : page.entries) events.push_back(*entry.event);
    return events;
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<EventLog> log_;
  StoredUpload upload_;
  StoredDataset dataset_;
  StoredJob job_;
  v1::Model model_;
  StoredCheckpoint checkpoint_;
  std::vector<std::string> before_;
};

INSTANTIATE_TEST_SUITE_P(EveryEarlierVersion, MigrationTest, testing::Values(1, 2, 3, 4));

TEST_P(MigrationTest, DataSetsAndUploadsAreThereAndFound) {
  EXPECT_EQ(catalogue_->GetDataset("datasets/iris").value().dataset.SerializeAsString(),
            dataset_.dataset.SerializeAsString());
  EXPECT_EQ(catalogue_->GetDataset("datasets/iris").value().file, "iris.data");
  EXPECT_EQ(catalogue_->FindUploadByRequest("r-1").value()->upload.SerializeAsString(),
            upload_.upload.SerializeAsString());
}

TEST_P(MigrationTest, JobsAreThereAndFoundByNameStateLabelAndRequest) {
  const std::string bytes = job_.job.SerializeAsString();
  EXPECT_EQ(catalogue_->GetJob("jobs/j").value().job.SerializeAsString(), bytes);
  EXPECT_EQ(catalogue_->FindJobByRequest("r-2").value()->job.SerializeAsString(), bytes);
  EXPECT_THAT(catalogue_->UnfinishedJobs().value(), SizeIs(1));
  static constexpr std::string_view kStoredFields[] = {"labels"};
  const Filter filter = ParseFilter("labels.team = \"flowers\"", kStoredFields).value();
  EXPECT_THAT(catalogue_->ListJobs(filter, 10, "").value().rows, SizeIs(1));
}

TEST_P(MigrationTest, ModelsAndCheckpointsInFilesAreThere) {
  EXPECT_EQ(catalogue_->GetModel("models/j").value().SerializeAsString(), model_.SerializeAsString());
  const std::vector<StoredCheckpoint> checkpoints = catalogue_->Checkpoints(job_.key).value();
  ASSERT_THAT(checkpoints, SizeIs(1));
  EXPECT_EQ(checkpoints[0].file, "checkpoint-1");
  EXPECT_EQ(checkpoints[0].log_position, 3);
  EXPECT_FALSE(checkpoints[0].in_row);
}

TEST_P(MigrationTest, EveryEventIsThereToTheByteAndTheLogGoesOn) {
  ASSERT_THAT(before_, SizeIs(41));
  EXPECT_EQ(Events(), before_);
  EXPECT_EQ(log_->Append(job_.key, v1::Event()), 42);
}

TEST_P(MigrationTest, WhatIsWrittenNowHasWhatThisVersionAdds) {
  StoredCheckpoint in_row;
  in_row.file = "in its row";
  in_row.in_row = true;
  in_row.state = "state";
  Commit(catalogue_->Insert(job_.key, in_row));
  EXPECT_EQ(catalogue_->CheckpointState(job_.key, "in its row").value(), "state");
  AppendEvents();
  EXPECT_FALSE(log_->Summaries(job_.key, 1, 42, 1000).value().empty());
}

TEST_P(MigrationTest, TheTablesAreThoseOfANewStore) {
  TemporaryFolder another;
  EXPECT_EQ(Structure(*Connection::Open(folder_.Database()).value()),
            Structure(*Connection::Open(another.Database()).value()));
}

}  // namespace
}  // namespace trainyard
