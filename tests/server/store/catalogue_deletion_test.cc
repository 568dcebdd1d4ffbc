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
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(stored.key)).ok());
  int removed = 1;
  while (removed > 0) {
    ASSERT_TRUE(Commit([&](Connection& connection) -> absl::Status {
                  ASSIGN_OR_RETURN(removed, catalogue_->RemoveSomeOf(connection, stored.key));
                  return absl::OkStatus();
                }).ok());
  }
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  for (const std::string_view table : {"jobs", "job_labels", "job_datasets", "checkpoints"}) {
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
  std::vector<int> portions;
  do {
    ASSERT_TRUE(Commit([&](Connection& connection) -> absl::Status {
                  ASSIGN_OR_RETURN(const int removed, catalogue_->RemoveSomeOf(connection, job));
                  portions.push_back(removed);
                  return absl::OkStatus();
                }).ok());
  } while (portions.back() > 0);
  EXPECT_THAT(portions, ElementsAre(1000, 1000, 1000, 1000, 1000, 1, 1, 0));
  EXPECT_THAT(catalogue_->DeletedJobs().value(), IsEmpty());
  EXPECT_THAT(catalogue_->Checkpoints(job).value(), IsEmpty());
  log.Forget(job);
  EXPECT_EQ(log.Read(job, 1, 1).value().newest, 0);
  EXPECT_EQ(log.Read(other, 1, 1).value().newest, 1);
}

}  // namespace
}  // namespace trainyard
