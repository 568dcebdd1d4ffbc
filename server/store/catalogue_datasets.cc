#include "absl/strings/str_cat.h"
#include "server/store/catalogue.h"
#include "server/store/catalogue_rows.h"

namespace trainyard {
namespace {

constexpr std::string_view kList = "datasets";

absl::StatusOr<StoredDataset> ReadDataset(const Statement& row) {
  StoredDataset stored{.dataset = {}, .file = std::string(row.Text(2))};
  RETURN_IF_ERROR(ParseColumn(row.Blob(1), &stored.dataset));
  return stored;
}

// 0: no such data set.
absl::StatusOr<int64_t> FindDatasetKey(Connection& connection, std::string_view name) {
  ASSIGN_OR_RETURN(Statement select, connection.Prepare("SELECT key FROM datasets WHERE name = ?"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, name).Step());
  return found ? select.Int(0) : 0;
}

absl::Status InsertRow(Connection& connection, const StoredDataset& stored) {
  const v1::Dataset& dataset = stored.dataset;
  const std::string message = dataset.SerializeAsString();
  ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO datasets(name, display_name, created, file, message) VALUES(?, ?, ?, ?, ?)"));
  insert.Bind(1, std::string_view(dataset.name())).Bind(2, std::string_view(dataset.display_name()));
  insert.Bind(3, ToNanoseconds(dataset.create_time())).Bind(4, std::string_view(stored.file)).BindBlob(5, message);
  return insert.Step().status();
}

}  // namespace

CommitQueue::Change Catalogue::Insert(StoredDataset dataset) const {
  return [stored = std::move(dataset)](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(InsertRow(connection, stored));
    ASSIGN_OR_RETURN(const int64_t key, FindDatasetKey(connection, stored.dataset.name()));
    return ReplaceLabels(connection, "dataset_labels", key, stored.dataset.labels());
  };
}

CommitQueue::Change Catalogue::RemoveDataset(std::string name) const {
  return [name = std::move(name)](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t key, FindDatasetKey(connection, name));
    RETURN_IF_ERROR(RunWith(connection, "DELETE FROM dataset_labels WHERE owner = ?", key));
    return RunWith(connection, "DELETE FROM datasets WHERE key = ?", key);
  };
}

absl::StatusOr<StoredDataset> Catalogue::GetDataset(std::string_view name) const {
  return FindDataset("name = ?", name);
}

absl::StatusOr<StoredDataset> Catalogue::GetDatasetOfFile(std::string_view file) const {
  return FindDataset("file = ?", file);
}

absl::StatusOr<StoredDataset> Catalogue::FindDataset(const std::string& condition, std::string_view value) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT name, message, file FROM datasets WHERE " + condition));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, value).Step());
  if (!found) return NotFound(value);
  return ReadDataset(select);
}

absl::StatusOr<CataloguePage<StoredDataset>> Catalogue::ListDatasets(const Filter& filter, int page_size,
                                                                     std::string_view page_token) const {
  ASSIGN_OR_RETURN(std::string place, ReadPageToken(kList, page_token));
  SqlText select = ToSql(filter, "d", "dataset_labels");
  select.text = absl::StrCat("SELECT d.name, CASE WHEN ", select.text, " THEN d.message END, d.file FROM datasets d",
                             " WHERE d.name > ? ORDER BY d.name LIMIT ", kMostExamined);
  select.parameters.push_back(std::move(place));
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  return ReadPage(*reader, select, kList, page_size, ReadDataset);
}

}  // namespace trainyard
