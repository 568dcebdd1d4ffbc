// What the server knows beside events: uploads, data sets, jobs, models, checkpoints. Rows are the contract's messages, serialised, with
// the columns beside them that queries need.
//
// Each method that writes returns a Change, to be committed by whoever decides with what it goes together.

#ifndef TRAINYARD_SERVER_STORE_CATALOGUE_H_
#define TRAINYARD_SERVER_STORE_CATALOGUE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/commit_queue.h"
#include "server/store/filter.h"
#include "server/store/log_entry.h"
#include "server/store/read_pool.h"
#include "trainyard/v1/dataset.pb.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

struct StoredUpload {
  v1::Upload upload;
  std::string request_id;  // empty: none
  absl::Time last_write_time;
  std::string owner;  // the caller that opened it; empty: one without a name
};

struct StoredDataset {
  v1::Dataset dataset;
  std::string file;  // name within the blob folder
};

struct StoredJob {
  JobKey key = 0;
  v1::Job job;

  // Of the CreateJob call, empty where it had none; the digest is of the job as it was sent.
  std::string request_id;
  std::string request_digest;

  // The caller that created it; empty: one without a name.
  std::string owner;
};

struct StoredCheckpoint {
  int32_t attempt = 1;
  int64_t step = 0;
  std::string digest;  // of the parameters
  std::string file;    // name within the blob folder; where the row holds the state, only a name
  int64_t size_bytes = 0;

  // The newest event of the job that the state in the file is past; 0: the job began with it.
  int64_t log_position = 0;

  // Not to make room for a newer one.
  bool pinned = false;

  // Whether the row holds the state, and there is no file.
  bool in_row = false;
  std::string state;  // then; read by CheckpointState alone
};

template <typename Row>
struct CataloguePage {
  std::vector<Row> rows;
  std::string next_page_token;  // empty: no more
};

// Reads run on the caller's thread with connections of their own; never on a gRPC thread. Thread-safe.
//
// Names are those of the messages: `jobs/0192f…`. Get is NOT_FOUND where there is no such row, and so are the Changes that update, and
// RemoveModel. List takes the fields that the contract names for it; INVALID_ARGUMENT: a FieldError on `page_token`. A page examines at
// most 20,000 rows and has at most kMostPageBytes, or one row, so it may be short and yet not the last.
class Catalogue {
 public:
  // The errors of Connection::Open.
  static absl::StatusOr<std::unique_ptr<Catalogue>> Open(const std::string& database_path);

  // ---- Uploads, by name.
  CommitQueue::Change Put(StoredUpload upload) const;
  CommitQueue::Change RemoveUpload(std::string name) const;
  absl::StatusOr<StoredUpload> GetUpload(std::string_view name) const;
  absl::StatusOr<std::optional<StoredUpload>> FindUploadByRequest(std::string_view request_id) const;
  absl::StatusOr<std::vector<StoredUpload>> AllUploads() const;

  // The names of those whose last_write_time is at most this.
  absl::StatusOr<std::vector<std::string>> UploadsUntil(absl::Time last_write) const;

  // ---- Data sets, by name. Insert: ALREADY_EXISTS if the name is taken.
  CommitQueue::Change Insert(StoredDataset dataset) const;
  CommitQueue::Change RemoveDataset(std::string name) const;
  absl::StatusOr<StoredDataset> GetDataset(std::string_view name) const;
  absl::StatusOr<StoredDataset> GetDatasetOfFile(std::string_view file) const;
  absl::StatusOr<CataloguePage<StoredDataset>> ListDatasets(const Filter& filter, int page_size,
                                                            std::string_view page_token) const;

  // ---- Jobs, newest first. Insert takes a key from NextJobKey; ALREADY_EXISTS: name or request id are taken. Update replaces the
  // message (state, labels and so on with it).
  JobKey NextJobKey() { return next_job_key_.fetch_add(1); }
  CommitQueue::Change Insert(StoredJob job) const;
  CommitQueue::Change Update(JobKey key, v1::Job job) const;
  absl::StatusOr<StoredJob> GetJob(std::string_view name) const;
  absl::StatusOr<std::optional<StoredJob>> FindJobByRequest(std::string_view request_id) const;
  absl::StatusOr<CataloguePage<StoredJob>> ListJobs(const Filter& filter, int page_size,
                                                    std::string_view page_token) const;

  // Jobs that have not ended, by key.
  absl::StatusOr<std::vector<StoredJob>> UnfinishedJobs() const;

  // Names one job that has not ended and reads this data set; empty: none.
  absl::StatusOr<std::string> JobThatNeeds(std::string_view dataset_name) const;

  // Hides the job and its model at once, and frees its request id. Its rows (events and summaries, checkpoints, labels and at last its own) go in
  // portions of at most 1,000 by RemoveSomeOf, which returns how many went, until that returns 0.
  CommitQueue::Change MarkDeleted(JobKey key) const;
  absl::StatusOr<std::vector<JobKey>> DeletedJobs() const;
  absl::StatusOr<int> RemoveSomeOf(Connection& connection, JobKey key) const;

  // ---- Checkpoints, newest first.
  CommitQueue::Change Insert(JobKey job, StoredCheckpoint checkpoint) const;
  CommitQueue::Change RemoveCheckpoints(JobKey job) const;

  // All but the newest, `pinned` pinned ones before it, and what the job began with. Of those removed `files`, never null, has the ones
  // with files, once the change is committed.
  CommitQueue::Change RemoveOldCheckpoints(JobKey job, int pinned,
                                           std::shared_ptr<std::vector<StoredCheckpoint>> files) const;
  absl::StatusOr<std::vector<StoredCheckpoint>> Checkpoints(JobKey job) const;
  absl::StatusOr<std::string> CheckpointState(JobKey job, std::string_view file) const;

  // The names of all blobs that a data set or a checkpoint has.
  absl::StatusOr<std::set<std::string>> NamedFiles() const;

  // ---- Models, by name; the key is the job's. Newest first. With a model go the checkpoints of its job.
  CommitQueue::Change Put(JobKey job, v1::Model model) const;
  CommitQueue::Change RemoveModel(JobKey job) const;
  absl::StatusOr<v1::Model> GetModel(std::string_view name) const;
  absl::StatusOr<CataloguePage<v1::Model>> ListModels(int page_size, std::string_view page_token) const;

 private:
  explicit Catalogue(const std::string& database_path) : readers_(database_path) {}

  absl::StatusOr<StoredDataset> FindDataset(const std::string& condition, std::string_view value) const;

  mutable ReadPool readers_;
  std::atomic<JobKey> next_job_key_ = 1;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_CATALOGUE_H_
