#include "server/store/catalogue.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest()
      : queue_(CommitQueue::Open(folder_.Database()).value()),
        catalogue_(Catalogue::Open(folder_.Database()).value()) {}

  absl::Status Commit(CommitQueue::Change change) { return queue_->CommitDurablyAndWait(std::move(change)); }

  StoredJob MakeJob(std::string name, v1::State state = v1::STATE_QUEUED) {
    StoredJob stored;
    stored.key = catalogue_->NextJobKey();
    stored.job.set_name(std::move(name));
    stored.job.set_state(state);
    stored.job.mutable_create_time()->set_seconds(1000 + stored.key);
    return stored;
  }
  JobKey InsertJob(const std::string& name, v1::State state = v1::STATE_QUEUED) {
    const StoredJob stored = MakeJob(name, state);
    EXPECT_TRUE(Commit(catalogue_->Insert(stored)).ok());
    return stored.key;
  }
  Filter Parse(std::string_view text) {
    static constexpr std::array<std::string_view, 5> kFields = {"state", "labels", "dataset", "display_name",
                                                                "create_time"};
    return ParseFilter(text, kFields).value();
  }
  std::vector<std::string> Names(const CataloguePage<StoredJob>& page) {
    std::vector<std::string> names;
    for (const StoredJob& stored : page.rows) names.push_back(stored.job.name());
    return names;
  }
  std::vector<std::string> JobsThatMatch(std::string_view filter) {
    return Names(catalogue_->ListJobs(Parse(filter), 100, "").value());
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
};

StoredCheckpoint MakeCheckpoint(std::string file) {
  StoredCheckpoint checkpoint;
  checkpoint.file = std::move(file);
  return checkpoint;
}

// ---- Uploads

StoredUpload MakeUpload(std::string name, std::string request_id) {
  StoredUpload stored;
  stored.upload.set_name(std::move(name));
  stored.request_id = std::move(request_id);
  stored.last_write_time = absl::FromUnixSeconds(5);
  return stored;
}

TEST_F(CatalogueTest, AnUploadComesBack) {
  StoredUpload stored = MakeUpload("uploads/1", "r");
  stored.upload.set_received_bytes(17);
  ASSERT_TRUE(Commit(catalogue_->Put(stored)).ok());
  const StoredUpload found = catalogue_->GetUpload("uploads/1").value();
  EXPECT_EQ(found.upload.received_bytes(), 17);
  EXPECT_EQ(found.request_id, "r");
  EXPECT_EQ(found.last_write_time, absl::FromUnixSeconds(5));
}

TEST_F(CatalogueTest, PutReplacesAnUpload) {
  StoredUpload stored = MakeUpload("uploads/1", "r");
  ASSERT_TRUE(Commit(catalogue_->Put(stored)).ok());
  stored.upload.set_received_bytes(99);
  ASSERT_TRUE(Commit(catalogue_->Put(stored)).ok());
  EXPECT_EQ(catalogue_->GetUpload("uploads/1").value().upload.received_bytes(), 99);
  EXPECT_EQ(catalogue_->AllUploads().value().size(), 1);
}

TEST_F(CatalogueTest, UploadsAreFoundByRequest) {
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/1", "r"))).ok());
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/2", ""))).ok());
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/3", ""))).ok());
  EXPECT_EQ(catalogue_->FindUploadByRequest("r").value()->upload.name(), "uploads/1");
  EXPECT_FALSE(catalogue_->FindUploadByRequest("other").value().has_value());
  EXPECT_FALSE(catalogue_->FindUploadByRequest("").value().has_value());
}

TEST_F(CatalogueTest, ARequestIdMakesOneUpload) {
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/1", "r"))).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(catalogue_->Put(MakeUpload("uploads/2", "r")))));
}

TEST_F(CatalogueTest, ARemovedUploadIsNotFound) {
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/1", "r"))).ok());
  ASSERT_TRUE(Commit(catalogue_->RemoveUpload("uploads/1")).ok());
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetUpload("uploads/1").status()));
}

// ---- Data sets

StoredDataset MakeDataset(std::string name, std::string team = "") {
  StoredDataset stored;
  stored.dataset.set_name(std::move(name));
  stored.file = "data-1";
  if (!team.empty()) (*stored.dataset.mutable_labels())["team"] = std::move(team);
  return stored;
}

TEST_F(CatalogueTest, ADatasetComesBack) {
  ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset("datasets/iris"))).ok());
  const StoredDataset found = catalogue_->GetDataset("datasets/iris").value();
  EXPECT_EQ(found.dataset.name(), "datasets/iris");
  EXPECT_EQ(found.file, "data-1");
}

TEST_F(CatalogueTest, ADatasetsNameIsTakenOnce) {
  ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset("datasets/iris"))).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(catalogue_->Insert(MakeDataset("datasets/iris")))));
}

TEST_F(CatalogueTest, ARemovedDatasetIsNotFoundAndItsNameIsFree) {
  ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset("datasets/iris", "a"))).ok());
  ASSERT_TRUE(Commit(catalogue_->RemoveDataset("datasets/iris")).ok());
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetDataset("datasets/iris").status()));
  ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset("datasets/iris", "b"))).ok());
  EXPECT_EQ(catalogue_->ListDatasets(Parse("labels.team = b"), 10, "").value().rows.size(), 1);
}

TEST_F(CatalogueTest, DatasetsAreListedByNamePageByPage) {
  for (const std::string_view name : {"datasets/c", "datasets/a", "datasets/b"}) {
    ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset(std::string(name)))).ok());
  }
  const auto first = catalogue_->ListDatasets({}, 2, "").value();
  ASSERT_EQ(first.rows.size(), 2);
  EXPECT_EQ(first.rows[0].dataset.name(), "datasets/a");
  EXPECT_EQ(first.rows[1].dataset.name(), "datasets/b");
  const auto second = catalogue_->ListDatasets({}, 2, first.next_page_token).value();
  ASSERT_EQ(second.rows.size(), 1);
  EXPECT_EQ(second.rows[0].dataset.name(), "datasets/c");
  EXPECT_THAT(second.next_page_token, IsEmpty());
}

TEST_F(CatalogueTest, DatasetsAreFiltered) {
  StoredDataset named = MakeDataset("datasets/a", "a");
  named.dataset.set_display_name("Flowers");
  named.dataset.mutable_create_time()->set_seconds(100);
  ASSERT_TRUE(Commit(catalogue_->Insert(named)).ok());
  ASSERT_TRUE(Commit(catalogue_->Insert(MakeDataset("datasets/b", "b"))).ok());
  for (const std::string_view filter :
       {"labels.team = a", "labels.team != b", "display_name = Flowers", "create_time > 1970-01-01T00:01:00Z"}) {
    const auto page = catalogue_->ListDatasets(Parse(filter), 10, "").value();
    ASSERT_EQ(page.rows.size(), 1) << filter;
    EXPECT_EQ(page.rows[0].dataset.name(), "datasets/a");
  }
}

// ---- Jobs

TEST_F(CatalogueTest, AJobComesBack) {
  StoredJob stored = MakeJob("jobs/1");
  stored.request_id = "r";
  stored.request_digest = "d";
  stored.job.set_state_message("waits");
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  const StoredJob found = catalogue_->GetJob("jobs/1").value();
  EXPECT_EQ(found.key, stored.key);
  EXPECT_EQ(found.job.state_message(), "waits");
  EXPECT_EQ(found.request_id, "r");
  EXPECT_EQ(found.request_digest, "d");
}

TEST_F(CatalogueTest, AnUnknownJobIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetJob("jobs/none").status()));
  EXPECT_TRUE(absl::IsNotFound(Commit(catalogue_->Update(5, MakeJob("jobs/none").job))));
  EXPECT_TRUE(absl::IsNotFound(Commit(catalogue_->MarkDeleted(5))));
}

TEST_F(CatalogueTest, UpdateReplacesTheMessage) {
  StoredJob stored = MakeJob("jobs/1");
  (*stored.job.mutable_labels())["team"] = "a";
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  stored.job.set_state(v1::STATE_RUNNING);
  stored.job.set_display_name("new");
  (*stored.job.mutable_labels())["team"] = "b";
  ASSERT_TRUE(Commit(catalogue_->Update(stored.key, stored.job)).ok());
  EXPECT_EQ(catalogue_->GetJob("jobs/1").value().job.state(), v1::STATE_RUNNING);
  EXPECT_THAT(JobsThatMatch("state = RUNNING AND display_name = new AND labels.team = b"), ElementsAre("jobs/1"));
  EXPECT_THAT(JobsThatMatch("labels.team = a"), IsEmpty());
}

TEST_F(CatalogueTest, JobsAreFoundByRequest) {
  StoredJob stored = MakeJob("jobs/1");
  stored.request_id = "r";
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  InsertJob("jobs/2");
  InsertJob("jobs/3");
  EXPECT_EQ(catalogue_->FindJobByRequest("r").value()->job.name(), "jobs/1");
  EXPECT_FALSE(catalogue_->FindJobByRequest("other").value().has_value());
  EXPECT_FALSE(catalogue_->FindJobByRequest("").value().has_value());
}

TEST_F(CatalogueTest, ARequestIdMakesOneJob) {
  StoredJob first = MakeJob("jobs/1");
  StoredJob second = MakeJob("jobs/2");
  first.request_id = second.request_id = "r";
  ASSERT_TRUE(Commit(catalogue_->Insert(first)).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(catalogue_->Insert(second))));
}

TEST_F(CatalogueTest, KeysRiseAcrossReopeningAndDeletion) {
  InsertJob("jobs/1");
  const JobKey last = InsertJob("jobs/2");
  ASSERT_TRUE(Commit(catalogue_->MarkDeleted(last)).ok());
  ASSERT_TRUE(Commit([&](Connection& c) { return catalogue_->RemoveSomeOf(c, last).status(); }).ok());
  catalogue_ = Catalogue::Open(folder_.Database()).value();
  EXPECT_GT(catalogue_->NextJobKey(), last);
}

TEST_F(CatalogueTest, JobsAreListedNewestFirst) {
  for (const std::string_view name : {"jobs/a", "jobs/c", "jobs/b"}) InsertJob(std::string(name));
  EXPECT_THAT(JobsThatMatch(""), ElementsAre("jobs/b", "jobs/c", "jobs/a"));
}

TEST_F(CatalogueTest, PagesOfJobsNeitherRepeatNorMissARow) {
  for (int i = 0; i < 7; ++i) InsertJob(absl::StrCat("jobs/", i));
  std::vector<std::string> all;
  std::string token;
  do {
    const auto page = catalogue_->ListJobs({}, 3, token).value();
    std::ranges::copy(Names(page), std::back_inserter(all));
    token = page.next_page_token;
    InsertJob(absl::StrCat("jobs/new", all.size()));  // newer ones do not shift the pages
  } while (!token.empty());
  EXPECT_THAT(all, ElementsAre("jobs/6", "jobs/5", "jobs/4", "jobs/3", "jobs/2", "jobs/1", "jobs/0"));
}

TEST_F(CatalogueTest, AFullLastPageHasNoToken) {
  for (int i = 0; i < 3; ++i) InsertJob(absl::StrCat("jobs/", i));
  EXPECT_THAT(catalogue_->ListJobs({}, 3, "").value().next_page_token, IsEmpty());
}

TEST_F(CatalogueTest, FiltersOfJobsAgreeWithMatches) {
  const std::array<std::string_view, 3> teams = {"", "a", "b"};
  for (int i = 0; i < 24; ++i) {
    StoredJob stored = MakeJob(absl::StrCat("jobs/", i), static_cast<v1::State>(1 + i % 6));
    if (i % 3 > 0) (*stored.job.mutable_labels())["team"] = std::string(teams[i % 3]);
    stored.job.set_display_name(i % 2 ? "odd" : "even");
    stored.job.mutable_spec()->mutable_data()->set_dataset(i % 4 ? "datasets/iris" : "datasets/digits");
    ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  }
  const auto all = catalogue_->ListJobs({}, 100, "").value();
  for (const std::string_view text : {"state = RUNNING",
                                      "state != RUNNING",
                                      "labels.team = a",
                                      "labels.team != a",
                                      "labels.none = x",
                                      "labels.none != x",
                                      "display_name = odd",
                                      "display_name != odd",
                                      "dataset = datasets/iris",
                                      "dataset != datasets/iris",
                                      "create_time > 1970-01-01T00:16:50Z",
                                      "create_time <= 1970-01-01T00:16:50Z",
                                      "create_time = 1970-01-01T00:16:50Z",
                                      "create_time != 1970-01-01T00:16:50Z",
                                      "create_time < 1970-01-01T00:16:50Z",
                                      "create_time >= 1970-01-01T00:16:50Z",
                                      "state = RUNNING AND labels.team = a",
                                      "labels.team = a AND labels.team = b",
                                      "state = RUNNING AND state = QUEUED",
                                      "labels.team = a AND display_name = odd AND dataset = datasets/iris"}) {
    const Filter filter = Parse(text);
    std::vector<std::string> expected;
    for (const StoredJob& stored : all.rows) {
      if (Matches(filter, stored.job)) expected.push_back(stored.job.name());
    }
    EXPECT_EQ(JobsThatMatch(text), expected) << text;
  }
}

TEST_F(CatalogueTest, APageExaminesABoundedNumberOfRows) {
  ASSERT_TRUE(Commit([&](Connection& connection) -> absl::Status {
                StoredJob rare = MakeJob("jobs/rare");
                rare.job.set_display_name("rare");
                RETURN_IF_ERROR(catalogue_->Insert(rare)(connection));
                for (int i = 0; i < 20'000; ++i) {
                  RETURN_IF_ERROR(catalogue_->Insert(MakeJob(absl::StrCat("jobs/", i)))(connection));
                }
                return absl::OkStatus();
              }).ok());
  const Filter filter = Parse("display_name = rare");
  const auto first = catalogue_->ListJobs(filter, 10, "").value();
  EXPECT_THAT(first.rows, IsEmpty());
  ASSERT_FALSE(first.next_page_token.empty());
  const auto second = catalogue_->ListJobs(filter, 10, first.next_page_token).value();
  EXPECT_THAT(Names(second), ElementsAre("jobs/rare"));
  EXPECT_THAT(second.next_page_token, IsEmpty());
}

TEST_F(CatalogueTest, PageTokensThatCannotBeReadAreRefused) {
  InsertJob("jobs/1");
  InsertJob("jobs/2");
  const std::string of_jobs = catalogue_->ListJobs({}, 1, "").value().next_page_token;
  for (const absl::Status& status :
       {catalogue_->ListJobs({}, 10, "12").status(), catalogue_->ListJobs({}, 10, "?").status(),
        catalogue_->ListDatasets({}, 10, of_jobs).status(), catalogue_->ListModels(10, of_jobs).status()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(ErrorField(status), "page_token");
  }
}

TEST_F(CatalogueTest, UnfinishedJobsComeByKey) {
  for (int state = v1::STATE_QUEUED; state <= v1::STATE_CANCELLED; ++state) {
    InsertJob(absl::StrCat("jobs/", 9 - state), static_cast<v1::State>(state));
  }
  const std::vector<StoredJob> unfinished = catalogue_->UnfinishedJobs().value();
  std::vector<std::string> names;
  for (const StoredJob& stored : unfinished) names.push_back(stored.job.name());
  EXPECT_THAT(names, ElementsAre("jobs/8", "jobs/7", "jobs/6"));
}

TEST_F(CatalogueTest, AnUnfinishedJobNeedsItsDatasets) {
  StoredJob stored = MakeJob("jobs/1");
  stored.job.mutable_spec()->mutable_data()->set_dataset("datasets/train");
  stored.job.mutable_spec()->mutable_data()->set_validation_dataset("datasets/validation");
  stored.job.mutable_spec()->mutable_data()->set_test_dataset("datasets/train");
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  EXPECT_EQ(catalogue_->JobThatNeeds("datasets/train").value(), "jobs/1");
  EXPECT_EQ(catalogue_->JobThatNeeds("datasets/validation").value(), "jobs/1");
  EXPECT_EQ(catalogue_->JobThatNeeds("datasets/other").value(), "");
  stored.job.set_state(v1::STATE_CANCELLED);
  ASSERT_TRUE(Commit(catalogue_->Update(stored.key, stored.job)).ok());
  EXPECT_EQ(catalogue_->JobThatNeeds("datasets/train").value(), "");
}

// ---- Deletion

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

// ---- Checkpoints and models

TEST_F(CatalogueTest, CheckpointsComeNewestFirst) {
  const StoredCheckpoint first{.attempt = 2, .step = 10, .digest = "d", .file = "f1", .size_bytes = 5, .pinned = true};
  ASSERT_TRUE(Commit(catalogue_->Insert(1, first)).ok());
  ASSERT_TRUE(Commit(catalogue_->Insert(2, MakeCheckpoint("other"))).ok());
  ASSERT_TRUE(Commit(catalogue_->Insert(1, MakeCheckpoint("f2"))).ok());
  const std::vector<StoredCheckpoint> found = catalogue_->Checkpoints(1).value();
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].file, "f2");
  EXPECT_EQ(found[1].attempt, 2);
  EXPECT_EQ(found[1].step, 10);
  EXPECT_EQ(found[1].digest, "d");
  EXPECT_EQ(found[1].size_bytes, 5);
  EXPECT_TRUE(found[1].pinned);
  ASSERT_TRUE(Commit(catalogue_->RemoveCheckpoint(1, "f2")).ok());
  EXPECT_EQ(catalogue_->Checkpoints(1).value().size(), 1);
}

TEST_F(CatalogueTest, ModelsAreListedNewestFirstPageByPage) {
  for (const JobKey job : {1, 2, 3}) {
    v1::Model model;
    model.set_name(absl::StrCat("models/", job));
    ASSERT_TRUE(Commit(catalogue_->Put(job, model)).ok());
  }
  const auto first = catalogue_->ListModels(2, "").value();
  ASSERT_EQ(first.rows.size(), 2);
  EXPECT_EQ(first.rows[0].name(), "models/3");
  const auto second = catalogue_->ListModels(2, first.next_page_token).value();
  ASSERT_EQ(second.rows.size(), 1);
  EXPECT_EQ(second.rows[0].name(), "models/1");
  EXPECT_THAT(second.next_page_token, IsEmpty());
}

TEST_F(CatalogueTest, AModelIsReplacedAndRemoved) {
  v1::Model model;
  model.set_name("models/1");
  ASSERT_TRUE(Commit(catalogue_->Put(1, model)).ok());
  model.set_step(7);
  ASSERT_TRUE(Commit(catalogue_->Put(1, model)).ok());
  EXPECT_EQ(catalogue_->GetModel("models/1").value().step(), 7);
  ASSERT_TRUE(Commit(catalogue_->RemoveModel(1)).ok());
  EXPECT_TRUE(absl::IsNotFound(catalogue_->GetModel("models/1").status()));
}

}  // namespace
}  // namespace trainyard
