#include <array>

#include "absl/strings/str_cat.h"
#include "server/store/catalogue.h"
#include "server/store/catalogue_rows.h"

namespace trainyard {
namespace {

constexpr std::string_view kList = "jobs";

// Terminal states come after the others, so that `state < 4` is one range of an index.
static_assert(v1::STATE_PAUSED < 4 && v1::STATE_SUCCEEDED == 4 && v1::STATE_FAILED > 4 && v1::STATE_CANCELLED > 4);

bool HasEnded(const v1::Job& job) { return job.state() >= v1::STATE_SUCCEEDED; }

constexpr std::string_view kSelectJobs = "SELECT key, message, request_id, request_digest, owner FROM jobs ";

absl::StatusOr<StoredJob> ReadJob(const Statement& row) {
  StoredJob stored{.key = row.Int(0),
                   .job = {},
                   .request_id = std::string(row.Text(2)),
                   .request_digest = std::string(row.Text(3)),
                   .owner = std::string(row.Text(4))};
  RETURN_IF_ERROR(ParseColumn(row.Blob(1), &stored.job));
  return stored;
}

absl::Status InsertRow(Connection& connection, const StoredJob& stored) {
  const v1::Job& job = stored.job;
  const std::string message = job.SerializeAsString();
  ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO jobs(key, name, state, display_name, dataset, created, "
                         "request_id, request_digest, message, owner) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(1, stored.key).Bind(2, std::string_view(job.name())).Bind(3, int64_t{job.state()});
  insert.Bind(4, std::string_view(job.display_name())).Bind(5, std::string_view(job.spec().data().dataset()));
  insert.Bind(6, ToNanoseconds(job.create_time())).Bind(7, std::string_view(stored.request_id));
  insert.Bind(8, std::string_view(stored.request_digest)).BindBlob(9, message).Bind(10, std::string_view(stored.owner));
  return insert.Step().status();
}

absl::Status UpdateRow(Connection& connection, JobKey key, const v1::Job& job) {
  const std::string message = job.SerializeAsString();
  ASSIGN_OR_RETURN(
      Statement update,
      connection.Prepare("UPDATE jobs SET state = ?, display_name = ?, dataset = ?, created = ?, message = ? "
                         "WHERE key = ? AND NOT deleted"));
  update.Bind(1, int64_t{job.state()}).Bind(2, std::string_view(job.display_name()));
  update.Bind(3, std::string_view(job.spec().data().dataset())).Bind(4, ToNanoseconds(job.create_time()));
  RETURN_IF_ERROR(update.BindBlob(5, message).Bind(6, key).Step().status());
  return connection.Changes() == 0 ? NotFound(job.name()) : absl::OkStatus();
}

// The data sets that the job needs until it ends.
absl::Status ReplaceDatasets(Connection& connection, JobKey key, const v1::Job& job) {
  RETURN_IF_ERROR(RunWith(connection, "DELETE FROM job_datasets WHERE job = ?", key));
  if (HasEnded(job)) return absl::OkStatus();
  const v1::TrainingData& data = job.spec().data();
  for (const std::string_view dataset : {std::string_view(data.dataset()), std::string_view(data.validation_dataset()),
                                         std::string_view(data.test_dataset())}) {
    if (dataset.empty()) continue;
    ASSIGN_OR_RETURN(Statement insert,
                     connection.Prepare("INSERT OR IGNORE INTO job_datasets(dataset, job) VALUES(?, ?)"));
    RETURN_IF_ERROR(insert.Bind(1, dataset).Bind(2, key).Step().status());
  }
  return absl::OkStatus();
}

absl::Status ReplaceIndexedParts(Connection& connection, JobKey key, const v1::Job& job) {
  RETURN_IF_ERROR(ReplaceLabels(connection, "job_labels", key, job.labels()));
  return ReplaceDatasets(connection, key, job);
}

// The rows to examine, by the index that leaves fewest: that of a label, of a state, or none. Each goes from the newest job on.
SqlText Candidates(const Filter& filter, JobKey before) {
  const Comparison* state = nullptr;
  for (const Comparison& comparison : filter.comparisons) {
    if (comparison.op != Comparison::Operator::kEqual) continue;
    if (comparison.field.starts_with("labels.")) {
      return {
          " FROM job_labels f INDEXED BY job_labels_by_value CROSS JOIN jobs j ON j.key = f.owner"
          " WHERE f.key = ? AND f.value = ? AND f.owner < ? AND NOT j.deleted ORDER BY f.owner DESC",
          {comparison.field.substr(7), comparison.value, before}};
    }
    if (comparison.field == "state") state = &comparison;
  }
  if (state == nullptr) return {" FROM jobs j WHERE j.key < ? AND NOT j.deleted ORDER BY j.key DESC", {before}};
  v1::State value = v1::STATE_UNSPECIFIED;
  v1::State_Parse(state->value, &value);
  return {" FROM jobs j INDEXED BY jobs_by_state WHERE j.state = ? AND j.key < ? AND NOT j.deleted ORDER BY j.key DESC",
          {int64_t{value}, before}};
}

}  // namespace

CommitQueue::Change Catalogue::Insert(StoredJob job) const {
  return [stored = std::move(job)](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(InsertRow(connection, stored));
    return ReplaceIndexedParts(connection, stored.key, stored.job);
  };
}

CommitQueue::Change Catalogue::Update(JobKey key, v1::Job job) const {
  return [key, job = std::move(job)](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(UpdateRow(connection, key, job));
    return ReplaceIndexedParts(connection, key, job);
  };
}

absl::StatusOr<StoredJob> Catalogue::GetJob(std::string_view name) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare(std::string(kSelectJobs) + "WHERE name = ? AND NOT deleted"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, name).Step());
  if (!found) return NotFound(name);
  return ReadJob(select);
}

absl::StatusOr<std::optional<StoredJob>> Catalogue::FindJobByRequest(std::string_view request_id) const {
  if (request_id.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare(std::string(kSelectJobs) + "WHERE request_id = ? AND request_id != ''"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, request_id).Step());
  if (!found) return std::nullopt;
  return ReadJob(select);
}

absl::StatusOr<CataloguePage<StoredJob>> Catalogue::ListJobs(const Filter& filter, int page_size,
                                                             std::string_view page_token) const {
  ASSIGN_OR_RETURN(const JobKey before, ReadKeyToken(kList, page_token));
  SqlText select = ToSql(filter, "j", "job_labels");
  select.text = absl::StrCat("SELECT j.key, CASE WHEN ", select.text,
                             " THEN j.message END, j.request_id, j.request_digest, j.owner");
  select.Append(Candidates(filter, before));
  absl::StrAppend(&select.text, " LIMIT ", kMostExamined);
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  return ReadPage(*reader, select, kList, page_size, ReadJob);
}

absl::StatusOr<std::vector<StoredJob>> Catalogue::UnfinishedJobs() const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare(std::string(kSelectJobs) + "WHERE state < 4 AND NOT deleted ORDER BY key"));
  return ReadAll(select, ReadJob);
}

absl::StatusOr<std::string> Catalogue::JobThatNeeds(std::string_view dataset_name) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT j.name FROM job_datasets d JOIN jobs j ON j.key = d.job"
                                                     " WHERE d.dataset = ? AND NOT j.deleted LIMIT 1"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(1, dataset_name).Step());
  return found ? std::string(select.Text(0)) : std::string();
}

CommitQueue::Change Catalogue::MarkDeleted(JobKey key) const {
  return [key](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(RunWith(connection, "UPDATE jobs SET deleted = 1, request_id = '' WHERE key = ?", key));
    if (connection.Changes() == 0) return NotFound("the job");
    return RunWith(connection, "DELETE FROM models WHERE job = ?", key);
  };
}

absl::StatusOr<std::vector<JobKey>> Catalogue::DeletedJobs() const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select, reader->Prepare("SELECT key FROM jobs WHERE deleted ORDER BY key"));
  absl::StatusOr<JobKey> (*const read_key)(const Statement&) = [](const Statement& row) -> absl::StatusOr<JobKey> {
    return row.Int(0);
  };
  return ReadAll(select, read_key);
}

absl::StatusOr<int> Catalogue::RemoveSomeOf(Connection& connection, JobKey key) const {
  static constexpr std::array<std::string_view, 6> kDeletes = {
      "DELETE FROM metric_summaries WHERE rowid IN (SELECT rowid FROM metric_summaries WHERE job = ? LIMIT 1000)",
      "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events WHERE job = ? ORDER BY seq LIMIT 1000)",
      "DELETE FROM checkpoints WHERE key IN (SELECT key FROM checkpoints WHERE job = ? ORDER BY key LIMIT 1000)",
      "DELETE FROM job_datasets WHERE job = ?",  // at most three
      "DELETE FROM job_labels WHERE owner = ?",  // at most 64
      "DELETE FROM jobs WHERE key = ? AND deleted",
  };
  for (const std::string_view sql : kDeletes) {
    RETURN_IF_ERROR(RunWith(connection, sql, key));
    if (const int64_t removed = connection.Changes(); removed > 0) return static_cast<int>(removed);
  }
  return 0;
}

}  // namespace trainyard
