#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "server/store/event_log.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(CatalogueTest, ADeletedJobIsHiddenAtOnce) {
  StoredJob stored = MakeJob("jobs/1", v1::STATE_RUNNING);
  stored.request_id = "r";
  stored.job.mutable_spec()->mutable_data()->set_dataset("datasets/iris");
  (*stored.job.mutable_labels())["team"] = "a";
  v1::Model model;
  model.set_name("models/1");
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  ASSERT_TRUE(Commit(catalogue_->Put(stored.key, model)).ok());
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(stored.key)).ok());
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetJob("jobs/1").status()));
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetModel("models/1").status()));
  EXPECT_FALSE(catalogue_->FindJobByRequest("r").value().has_value());
  EXPECT_THAT(JobsThatMatch(""), IsEmpty());
  EXPECT_THAT(JobsThatMatch("state = RUNNING"), IsEmpty());
  EXPECT_THAT(JobsThatMatch("labels.team = a"), IsEmpty());
  EXPECT_THAT(catalogue_->UnfinishedJobs().value(), IsEmpty());
  EXPECT_EQ(catalogue_->JobThatNeeds("datasets/iris").value(), "");
  EXPECT_THAT(catalogue_->DeletedJobs().value(), ElementsAre(stored.key));
}

TEST_F(CatalogueTest, ADeletedJobIsNotUpdatedAndItsRequestIdIsFree) {
  StoredJob stored = MakeJob("jobs/1");
  stored.request_id = "r";
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(stored.key)).ok());
  EXPECT_TRUE(absl::IsNotFound(Commit(catalogue_->Update(stored.key, stored.job))));
  StoredJob next = MakeJob("jobs/2");
  next.request_id = "r";
  EXPECT_TRUE(Commit(catalogue_->Insert(next)).ok());
}

TEST_F(CatalogueTest, NothingOfADeletedJobRemains) {
  StoredJob stored = MakeJob("jobs/1");
  stored.job.mutable_spec()->mutable_data()->set_dataset("datasets/iris");
  (*stored.job.mutable_labels())["team"] = "a";
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  ASSERT_TRUE(Commit(catalogue_->Insert(stored.key, MakeCheckpoint("c"))).ok());
  ASSERT_TRUE(Commit([&](Connection& c) {
                return c.Run(
                    absl::StrCat("INSERT INTO metric_summaries VALUES(", stored.key, ", 1, 1, 2, 1, 0, 0, 0, '')"));
              }).ok());
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(stored.key)).ok());
  ASSERT_TRUE(queue_->CommitInPortions([&](Connection& c) { return catalogue_->RemoveSomeOf(c, stored.key); }).ok());
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  for (const std::string_view table : {"jobs", "job_labels", "job_datasets", "checkpoints", "metric_summaries"}) {
    EXPECT_EQ(QueryInt(*reader, absl::StrCat("SELECT count(*) FROM ", std::string(table))), 0) << table;
  }
}

TEST_F(CatalogueTest, ADeletedJobsRowsGoInPortionsOfAThousand) {
  const JobKey job = InsertJob("jobs/1");
  const JobKey other = InsertJob("jobs/2");
  EventLog log(folder_.Database(), *queue_);
  ASSERT_TRUE(log.Load(job).ok() && log.Load(other).ok());
  for (int i = 0; i < 5000; ++i) log.Append(job, v1::Event());
  log.Append(other, v1::Event());
  ASSERT_TRUE(Commit(catalogue_->Insert(job, MakeCheckpoint("c"))).ok());
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(job)).ok());
  std::vector<int64_t> portions;
  ASSERT_TRUE(queue_
                  ->CommitInPortions([&](Connection& connection) -> absl::StatusOr<int64_t> {
                    ASSIGN_OR_RETURN(const int removed, catalogue_->RemoveSomeOf(connection, job));
                    portions.push_back(removed);
                    return removed;
                  })
                  .ok());
  constexpr int kSummaries = 2;  // one of each level
  EXPECT_THAT(portions, ElementsAre(kSummaries, 1000, 1000, 1000, 1000, 1000, 1, 1, 0));
  EXPECT_THAT(catalogue_->DeletedJobs().value(), IsEmpty());
  EXPECT_THAT(catalogue_->Checkpoints(job).value(), IsEmpty());
  log.Forget(job);
  EXPECT_EQ(log.Read(job, 1, 1).value().newest, 0);
  EXPECT_EQ(log.Read(other, 1, 1).value().newest, 1);
}

TEST_F(CatalogueTest, TheFileShrinksWhenThePagesOfADeletedJobAreReleased) {
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  // Of the file once the log is moved into it, and nobody else moves it.
  const auto size = [&] {
    queue_.reset();
    EXPECT_EQ(QueryInt(*reader, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    queue_ = CommitQueue::Open(folder_.Database()).value();
    return std::filesystem::file_size(folder_.Database());
  };
  const JobKey job = InsertJob("jobs/1");
  ASSERT_TRUE(Commit([&](Connection& c) {
                return c.Run(absl::StrCat("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4000) ",
                                          "INSERT INTO events SELECT ", job, ", i, 1, 1, zeroblob(1000) FROM n"));
              }).ok());
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(job)).ok());
  ASSERT_TRUE(queue_->CommitInPortions([&](Connection& c) { return catalogue_->RemoveSomeOf(c, job); }).ok());
  const auto before = size();
  EXPECT_GT(QueryInt(*reader, "PRAGMA freelist_count"), 1000);
  ASSERT_TRUE(queue_->CommitInPortions([](Connection& c) { return c.ReleaseFreePages(256); }).ok());
  EXPECT_EQ(QueryInt(*reader, "PRAGMA freelist_count"), 0);
  EXPECT_LT(size(), before - 4'000'000);
}

}  // namespace
}  // namespace trainyard
