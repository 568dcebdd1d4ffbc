#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CatalogueTest, CheckpointsComeNewestFirst) {
  const StoredCheckpoint first{
      .attempt = 2, .step = 10, .digest = "d", .file = "f1", .size_bytes = 5, .log_position = 8, .pinned = true};
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
  EXPECT_EQ(found[1].log_position, 8);
  EXPECT_TRUE(found[1].pinned);
}

TEST_F(CatalogueTest, OfOldCheckpointsSomePinnedOnesStayAndWhatTheJobBeganWith) {
  const auto insert = [this](JobKey job, const std::string& file, int64_t position, bool pinned, bool in_row) {
    StoredCheckpoint checkpoint = MakeCheckpoint(file);
    checkpoint.log_position = position;
    checkpoint.pinned = pinned;
    checkpoint.in_row = in_row;
    ASSERT_TRUE(Commit(catalogue_->Insert(job, checkpoint)).ok());
  };
  insert(1, "start", 0, true, false);
  insert(1, "pinned 1", 5, true, false);
  insert(1, "pinned 2", 6, true, true);
  insert(1, "by time", 7, false, false);
  insert(1, "pinned 3", 8, true, false);
  insert(1, "pinned 4", 9, true, false);
  insert(1, "newest", 10, false, false);
  insert(2, "other", 5, false, false);
  const auto files = std::make_shared<std::vector<StoredCheckpoint>>();
  const auto names = [](const std::vector<StoredCheckpoint>& checkpoints) {
    std::vector<std::string> all;
    for (const StoredCheckpoint& checkpoint : checkpoints) all.push_back(checkpoint.file);
    return all;
  };
  ASSERT_TRUE(Commit(catalogue_->RemoveOldCheckpoints(1, 2, files)).ok());
  EXPECT_THAT(names(catalogue_->Checkpoints(1).value()), ElementsAre("newest", "pinned 4", "pinned 3", "start"));
  EXPECT_THAT(names(*files), ElementsAre("by time", "pinned 1"));
  ASSERT_TRUE(Commit(catalogue_->RemoveOldCheckpoints(1, 2, files)).ok());
  EXPECT_THAT(*files, IsEmpty());
  EXPECT_THAT(catalogue_->Checkpoints(2).value(), SizeIs(1));
}

TEST_F(CatalogueTest, AStateInItsRowIsReadOnlyWhenAskedFor) {
  StoredCheckpoint checkpoint = MakeCheckpoint("f");
  checkpoint.in_row = true;
  checkpoint.state = std::string("a\0b", 3);
  ASSERT_TRUE(Commit(catalogue_->Insert(1, checkpoint)).ok());
  const StoredCheckpoint found = catalogue_->Checkpoints(1).value().front();
  EXPECT_TRUE(found.in_row);
  EXPECT_THAT(found.state, IsEmpty());
  EXPECT_EQ(catalogue_->CheckpointState(1, "f").value(), checkpoint.state);
}

TEST_F(CatalogueTest, ACheckpointInAFileHasNoStateInItsRow) {
  ASSERT_TRUE(Commit(catalogue_->Insert(1, MakeCheckpoint("f"))).ok());
  EXPECT_FALSE(catalogue_->Checkpoints(1).value().front().in_row);
  EXPECT_TRUE(absl::IsNotFound(catalogue_->CheckpointState(1, "f").status()));
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
  EXPECT_TRUE(absl::IsNotFound(Commit(catalogue_->RemoveModel(1))));
}

TEST_F(CatalogueTest, WithAModelGoTheCheckpointsOfItsJob) {
  v1::Model model;
  model.set_name("models/1");
  ASSERT_TRUE(Commit(catalogue_->Put(1, model)).ok());
  for (const JobKey job : {1, 1, 2}) {
    ASSERT_TRUE(Commit(catalogue_->Insert(job, MakeCheckpoint("f"))).ok());
  }
  ASSERT_TRUE(Commit(catalogue_->RemoveModel(1)).ok());
  EXPECT_THAT(catalogue_->Checkpoints(1).value(), IsEmpty());
  EXPECT_THAT(catalogue_->Checkpoints(2).value(), SizeIs(1));
}

}  // namespace
}  // namespace trainyard
