#include "server/store/catalogue.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

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
  stored.owner = "alice";
  ASSERT_TRUE(Commit(catalogue_->Put(stored)).ok());
  const StoredUpload found = catalogue_->GetUpload("uploads/1").value();
  EXPECT_EQ(found.upload.received_bytes(), 17);
  EXPECT_EQ(found.request_id, "r");
  EXPECT_EQ(found.owner, "alice");
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

TEST_F(CatalogueTest, UploadsAreFoundByTheTimeOfTheirLastWrite) {
  StoredUpload later = MakeUpload("uploads/1", "");
  later.last_write_time = absl::FromUnixSeconds(6);
  ASSERT_TRUE(Commit(catalogue_->Put(later)).ok());
  ASSERT_TRUE(Commit(catalogue_->Put(MakeUpload("uploads/2", ""))).ok());
  EXPECT_THAT(catalogue_->UploadsUntil(absl::FromUnixSeconds(5)).value(), ElementsAre("uploads/2"));
  EXPECT_THAT(catalogue_->UploadsUntil(absl::FromUnixSeconds(6)).value(), ElementsAre("uploads/1", "uploads/2"));
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

}  // namespace
}  // namespace trainyard
