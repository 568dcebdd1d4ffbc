#include "absl/strings/str_cat.h"
#include "server/store/catalogue.h"
#include "server/store/catalogue_rows.h"

namespace trainyard {
namespace {

constexpr std::string_view kList = "models";
constexpr std::string_view kRemoveCheckpoints = "DELETE FROM checkpoints WHERE job = ?";

absl::StatusOr<v1::Model> ReadModel(const Statement& row) {
  v1::Model model;
  RETURN_IF_ERROR(ParseColumn(row.Blob(1), &model));
  return model;
}

absl::StatusOr<StoredCheckpoint> ReadCheckpoint(const Statement& row) {
  return StoredCheckpoint{.attempt = static_cast<int32_t>(row.Int(0)),
                          .step = row.Int(1),
                          .digest = std::string(row.Text(2)),
                          .file = std::string(row.Text(3)),
                          .size_bytes = row.Int(4),
                          .log_position = row.Int(5),
                          .pinned = row.Int(6) != 0,
                          .in_row = row.Int(7) != 0,
                          .state = ""};
}

absl::StatusOr<std::vector<StoredCheckpoint>> ReadCheckpoints(Connection& connection, JobKey job) {
  ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT attempt, step, digest, file, size_bytes, log_position, pinned, state IS NOT NULL"
                         " FROM checkpoints WHERE job = ? ORDER BY key DESC"));
  select.Bind(1, job);
  return ReadAll(select, ReadCheckpoint);
}

}  // namespace

CommitQueue::Change Catalogue::Insert(JobKey job, StoredCheckpoint checkpoint) const {
  return [job, checkpoint = std::move(checkpoint)](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(Statement insert,
                     connection.Prepare("INSERT INTO checkpoints(job, attempt, step, digest, file, size_bytes, "
                                        "log_position, pinned, state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.Bind(1, job).Bind(2, int64_t{checkpoint.attempt}).Bind(3, checkpoint.step);
    insert.Bind(4, std::string_view(checkpoint.digest)).Bind(5, std::string_view(checkpoint.file));
    insert.Bind(6, checkpoint.size_bytes).Bind(7, checkpoint.log_position).Bind(8, int64_t{checkpoint.pinned});
    if (checkpoint.in_row) {
      insert.BindBlob(9, checkpoint.state);
    } else {
      insert.BindNull(9);
    }
    return insert.Step().status();
  };
}

CommitQueue::Change Catalogue::RemoveOldCheckpoints(JobKey job, int pinned,
                                                    std::shared_ptr<std::vector<StoredCheckpoint>> files) const {
  return [job, pinned, files = std::move(files)](Connection& connection) -> absl::Status {
    files->clear();
    ASSIGN_OR_RETURN(const std::vector<StoredCheckpoint> kept, ReadCheckpoints(connection, job));
    int older_pinned = 0;
    for (size_t i = 1; i < kept.size(); ++i) {
      if (kept[i].log_position == 0) continue;
      if (kept[i].pinned && ++older_pinned <= pinned) continue;
      ASSIGN_OR_RETURN(Statement remove, connection.Prepare("DELETE FROM checkpoints WHERE job = ? AND file = ?"));
      RETURN_IF_ERROR(remove.Bind(1, job).Bind(2, std::string_view(kept[i].file)).Step().status());
      if (!kept[i].in_row) files->push_back(kept[i]);
    }
    return absl::OkStatus();
  };
}

CommitQueue::Change Catalogue::RemoveCheckpoints(JobKey job) const {
  return [job](Connection& connection) { return RunWith(connection, kRemoveCheckpoints, job); };
}

absl::StatusOr<std::vector<StoredCheckpoint>> Catalogue::Checkpoints(JobKey job) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  return ReadCheckpoints(*reader, job);
}

absl::StatusOr<std::string> Catalogue::CheckpointState(JobKey job, std::string_view file) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare("SELECT state FROM checkpoints WHERE job = ? AND file = ? AND state IS NOT NULL"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, job).Bind(2, file).Step());
  if (!found) return NotFound("the checkpoint");
  return std::string(select.Blob(0));
}

absl::StatusOr<std::set<std::string>> Catalogue::NamedFiles() const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT file FROM datasets UNION ALL"
                                                     " SELECT file FROM checkpoints WHERE state IS NULL"));
  std::set<std::string> files;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return files;
    files.emplace(select.Text(0));
  }
}

CommitQueue::Change Catalogue::Put(JobKey job, v1::Model model) const {
  return [job, model = std::move(model)](Connection& connection) -> absl::Status {
    const std::string message = model.SerializeAsString();
    ASSIGN_OR_RETURN(Statement put,
                     connection.Prepare("INSERT INTO models(job, name, message) VALUES(?, ?, ?) ON CONFLICT(job)"
                                        " DO UPDATE SET name = excluded.name, message = excluded.message"));
    return put.Bind(1, job).Bind(2, std::string_view(model.name())).BindBlob(3, message).Step().status();
  };
}

CommitQueue::Change Catalogue::RemoveModel(JobKey job) const {
  return [job](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(RunWith(connection, "DELETE FROM models WHERE job = ?", job));
    if (connection.Changes() == 0) return NotFound("the model");
    return RunWith(connection, kRemoveCheckpoints, job);
  };
}

absl::StatusOr<v1::Model> Catalogue::GetModel(std::string_view name) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT job, message FROM models WHERE name = ?"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, name).Step());
  if (!found) return NotFound(name);
  return ReadModel(select);
}

absl::StatusOr<CataloguePage<v1::Model>> Catalogue::ListModels(int page_size, std::string_view page_token) const {
  ASSIGN_OR_RETURN(const JobKey before, ReadKeyToken(kList, page_token));
  const SqlText select{
      .text = absl::StrCat("SELECT job, message FROM models WHERE job < ? ORDER BY job DESC LIMIT ", kMostExamined),
      .parameters = {before}};
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  return ReadPage(*reader, select, kList, page_size, ReadModel);
}

}  // namespace trainyard
