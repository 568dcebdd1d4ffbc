#include "server/store/schema.h"

#include <array>
#include <string_view>

#include "core/base/status.h"

namespace trainyard {
namespace {

// Migration i takes a database from version i to i + 1 (PRAGMA user_version). Never change one that was released; add another.
//
// Events lie in an ordinary rowid table: clustered by (job, seq) each commit would touch a page for each job. Times are nanoseconds
// since 1970. `message` is the contract's message, serialised; the columns beside it are what queries need.
constexpr std::array<std::string_view, 5> kMigrations = {R"sql(
CREATE TABLE events(
  job INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  payload BLOB NOT NULL,
  UNIQUE(job, seq));

CREATE TABLE uploads(
  name TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL,
  last_write INTEGER NOT NULL,
  message BLOB NOT NULL);
CREATE UNIQUE INDEX uploads_by_request ON uploads(request_id) WHERE request_id != '';

CREATE TABLE datasets(
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  created INTEGER NOT NULL,
  file TEXT NOT NULL,
  message BLOB NOT NULL);
CREATE TABLE dataset_labels(
  owner INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(owner, key)) WITHOUT ROWID;

CREATE TABLE jobs(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  display_name TEXT NOT NULL,
  dataset TEXT NOT NULL,
  created INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  message BLOB NOT NULL);
CREATE INDEX jobs_by_state ON jobs(state, key);
CREATE INDEX jobs_deleted ON jobs(key) WHERE deleted;
CREATE UNIQUE INDEX jobs_by_request ON jobs(request_id) WHERE request_id != '';
CREATE TABLE job_labels(
  owner INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(owner, key)) WITHOUT ROWID;
CREATE INDEX job_labels_by_value ON job_labels(key, value, owner);
CREATE TABLE job_datasets(
  dataset TEXT NOT NULL,
  job INTEGER NOT NULL,
  PRIMARY KEY(dataset, job)) WITHOUT ROWID;
CREATE INDEX job_datasets_by_job ON job_datasets(job);

CREATE TABLE checkpoints(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  digest TEXT NOT NULL,
  file TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  log_position INTEGER NOT NULL,
  pinned INTEGER NOT NULL);
CREATE INDEX checkpoints_by_job ON checkpoints(job, key);

CREATE TABLE models(
  job INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  message BLOB NOT NULL);
)sql",
                                                         R"sql(
-- Jobs of before have none: their metrics are read from their events.
CREATE TABLE metric_summaries(
  job INTEGER NOT NULL,
  level INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  least_event_step INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  end_step INTEGER NOT NULL,
  content BLOB NOT NULL,
  UNIQUE(job, level, first_seq));
)sql",
                                                         // A small checkpoint lies in its row; NULL: in a file.
                                                         R"sql(
ALTER TABLE checkpoints ADD COLUMN state BLOB;
)sql",
                                                         // Callers, who have quotas.
                                                         R"sql(
ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN owner TEXT NOT NULL DEFAULT '';
)sql",
                                                         R"sql(
CREATE INDEX datasets_by_file ON datasets(file);
)sql"};

constexpr int64_t kVersion = kMigrations.size();

absl::StatusOr<int64_t> Version(Connection& connection) {
  ASSIGN_OR_RETURN(Statement statement, connection.Prepare("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const bool found, statement.Step());
  return found ? statement.Int(0) : 0;
}

absl::Status IsNewer(int64_t version) {
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat("the data directory was written by a later version of the server (store version ",
                                     version, ", this server knows ", kVersion, "); start that version")),
                    "STORE_IS_NEWER");
}

absl::Status ApplyMissing(Connection& connection) {
  ASSIGN_OR_RETURN(const int64_t version, Version(connection));
  for (int64_t i = version; i < kVersion; ++i) RETURN_IF_ERROR(connection.Run(kMigrations[i]));
  return connection.Run(absl::StrCat("PRAGMA user_version = ", kVersion));
}

}  // namespace

absl::Status CheckVersion(Connection& connection) {
  ASSIGN_OR_RETURN(const int64_t version, Version(connection));
  if (version > kVersion) return IsNewer(version);
  if (version < kVersion) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(
                          "the data directory was written by an earlier version of the server (store version ", version,
                          ", this one writes ", kVersion, "); use that version's programs, or start this one on it")),
                      "STORE_IS_OLDER");
  }
  return absl::OkStatus();
}

absl::Status Migrate(Connection& connection) {
  ASSIGN_OR_RETURN(const int64_t version, Version(connection));
  if (version == kVersion) return absl::OkStatus();
  if (version > kVersion) return IsNewer(version);
  RETURN_IF_ERROR(connection.Run("BEGIN IMMEDIATE"));
  absl::Status status = ApplyMissing(connection);
  if (status.ok()) status = connection.Run("COMMIT");
  if (!status.ok() && connection.InTransaction()) connection.Run("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace trainyard
