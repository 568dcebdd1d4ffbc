#include <algorithm>
#include <array>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(CatalogueTest, AJobComesBack) {
  StoredJob stored = MakeJob("jobs/1");
  stored.request_id = "r";
  stored.request_digest = "d";
  stored.owner = "alice";
  stored.job.set_state_message("waits");
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  const StoredJob found = catalogue_->GetJob("jobs/1").value();
  EXPECT_EQ(found.key, stored.key);
  EXPECT_EQ(found.job.state_message(), "waits");
  EXPECT_EQ(found.request_id, "r");
  EXPECT_EQ(found.request_digest, "d");
  EXPECT_EQ(found.owner, "alice");
  EXPECT_EQ(catalogue_->UnfinishedJobs().value()[0].owner, "alice");
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

TEST_F(CatalogueTest, AJobsNameIsTakenOnce) {
  InsertJob("jobs/1");
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(catalogue_->Insert(MakeJob("jobs/1")))));
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

}  // namespace
}  // namespace trainyard
