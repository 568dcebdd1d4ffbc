#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

TEST_F(CatalogueTest, APageEndsBeforeItsMessagesAreTooManyBytesForOneAnswer) {
  const std::string large(kMostPageBytes - 1000, 'x');
  for (const std::string_view name : {"datasets/a", "datasets/b", "datasets/c", "datasets/d"}) {
    StoredDataset stored = MakeDataset(std::string(name));
    if (name != "datasets/d") stored.dataset.add_warnings(large);
    ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  }
  std::vector<std::vector<std::string>> pages;
  std::string token;
  do {
    const auto page = catalogue_->ListDatasets({}, 10, token).value();
    std::vector<std::string>& names = pages.emplace_back();
    for (const StoredDataset& row : page.rows) names.push_back(row.dataset.name());
    token = page.next_page_token;
  } while (!token.empty());
  EXPECT_THAT(pages, ElementsAre(ElementsAre("datasets/a"), ElementsAre("datasets/b"),
                                 ElementsAre("datasets/c", "datasets/d")));
}

TEST_F(CatalogueTest, AMessageThatIsTooLargeForAPageHasOneOfItsOwn) {
  StoredDataset stored = MakeDataset("datasets/a");
  stored.dataset.add_warnings(std::string(2 * kMostPageBytes, 'x'));
  ASSERT_TRUE(Commit(catalogue_->Insert(stored)).ok());
  const auto page = catalogue_->ListDatasets({}, 10, "").value();
  EXPECT_EQ(page.rows.size(), 1);
  EXPECT_THAT(page.next_page_token, IsEmpty());
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

}  // namespace
}  // namespace trainyard
