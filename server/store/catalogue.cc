#include "server/store/catalogue.h"

#include "absl/strings/str_cat.h"
#include "core/base/text.h"
#include "server/store/catalogue_rows.h"

namespace trainyard {

absl::Status NotFound(std::string_view name) {
  return absl::NotFoundError(absl::StrCat(AbslView(name), " does not exist"));
}

absl::Status ReplaceLabels(Connection& connection, std::string_view table, int64_t owner,
                           const google::protobuf::Map<std::string, std::string>& labels) {
  RETURN_IF_ERROR(RunWith(connection, absl::StrCat("DELETE FROM ", AbslView(table), " WHERE owner = ?"), owner));
  const std::string sql = absl::StrCat("INSERT INTO ", AbslView(table), "(owner, key, value) VALUES(?, ?, ?)");
  for (const auto& [key, value] : labels) {
    ASSIGN_OR_RETURN(Statement insert, connection.Prepare(sql));
    insert.Bind(1, owner).Bind(2, std::string_view(key)).Bind(3, std::string_view(value));
    RETURN_IF_ERROR(insert.Step().status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::Open(const std::string& database_path) {
  std::unique_ptr<Catalogue> catalogue(new Catalogue(database_path));
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, catalogue->readers_.Take());
  ASSIGN_OR_RETURN(Statement last, reader->Prepare("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"));
  ASSIGN_OR_RETURN(const bool found, last.Step());
  if (found) catalogue->next_job_key_ = last.Int(0) + 1;
  return catalogue;
}

// ---- Uploads

namespace {

constexpr std::string_view kSelectUploads = "SELECT request_id, last_write, message, owner FROM uploads ";

absl::StatusOr<StoredUpload> ReadUpload(const Statement& row) {
  StoredUpload stored{.upload = {},
                      .request_id = std::string(row.Text(0)),
                      .last_write_time = absl::FromUnixNanos(row.Int(1)),
                      .owner = std::string(row.Text(3))};
  RETURN_IF_ERROR(ParseColumn(row.Blob(2), &stored.upload));
  return stored;
}

}  // namespace

CommitQueue::Change Catalogue::Put(StoredUpload upload) const {
  return [upload = std::move(upload)](Connection& connection) -> absl::Status {
    const std::string message = upload.upload.SerializeAsString();
    ASSIGN_OR_RETURN(
        Statement put,
        connection.Prepare("INSERT INTO uploads(name, request_id, last_write, message, owner) VALUES(?, ?, ?, ?, ?) "
                           "ON CONFLICT(name) DO UPDATE SET request_id = excluded.request_id, "
                           "last_write = excluded.last_write, message = excluded.message"));
    put.Bind(1, std::string_view(upload.upload.name())).Bind(2, std::string_view(upload.request_id));
    put.Bind(3, absl::ToUnixNanos(upload.last_write_time)).BindBlob(4, message).Bind(5, std::string_view(upload.owner));
    return put.Step().status();
  };
}

CommitQueue::Change Catalogue::RemoveUpload(std::string name) const {
  return [name = std::move(name)](Connection& connection) {
    return RunWith(connection, "DELETE FROM uploads WHERE name = ?", std::string_view(name));
  };
}

absl::StatusOr<StoredUpload> Catalogue::GetUpload(std::string_view name) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare(std::string(kSelectUploads) + "WHERE name = ?"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, name).Step());
  if (!found) return NotFound(name);
  return ReadUpload(select);
}

absl::StatusOr<std::optional<StoredUpload>> Catalogue::FindUploadByRequest(std::string_view request_id) const {
  if (request_id.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare(std::string(kSelectUploads) + "WHERE request_id = ? AND request_id != ''"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, request_id).Step());
  if (!found) return std::nullopt;
  return ReadUpload(select);
}

absl::StatusOr<std::vector<StoredUpload>> Catalogue::AllUploads() const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare(std::string(kSelectUploads) + "ORDER BY name"));
  return ReadAll(select, ReadUpload);
}

absl::StatusOr<std::vector<std::string>> Catalogue::UploadsUntil(absl::Time last_write) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT name FROM uploads WHERE last_write <= ? ORDER BY name"));
  select.Bind(1, absl::ToUnixNanos(last_write));
  absl::StatusOr<std::string> (*const read_name)(const Statement&) =
      [](const Statement& row) -> absl::StatusOr<std::string> { return std::string(row.Text(0)); };
  return ReadAll(select, read_name);
}

}  // namespace trainyard
