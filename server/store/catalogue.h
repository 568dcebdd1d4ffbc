// What the server knows beside events: uploads, data sets, jobs, models, checkpoints. Rows are the contract's messages, serialised, with
// the columns beside them that queries need.
//
// Each method that writes returns a Change, to be committed by whoever decides with what it goes together.

#ifndef TRAINYARD_SERVER_STORE_CATALOGUE_H_
#define TRAINYARD_SERVER_STORE_CATALOGUE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/commit_queue.h"
#include "server/store/event_log.h"
#include "server/store/filter.h"
#include "trainyard/v1/dataset.pb.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

struct StoredUpload {
  v1::Upload upload;
  std::string request_id;
  absl::Time last_write_time;
};

struct StoredDataset {
  v1::Dataset dataset;
  std::string file;  // name within the blob folder
};

struct StoredJob {
  JobKey key = 0;
  v1::Job job;

  // Of the CreateJob call; the digest is of the job as it was sent.
  std::string request_id;
  std::string request_digest;
};

struct StoredCheckpoint {
  int32_t attempt = 1;
  int64_t step = 0;
  std::string digest;  // of the parameters
  std::string file;    // name within the blob folder
  int64_t size_bytes = 0;

  // As asked for by the job, or by time.
  bool pinned = false;
};

template <typename Row>
struct CataloguePage {
  std::vector<Row> rows;
  std::string next_page_token;
};

// Reads run on the caller's thread with connections of their own; never on a gRPC thread. Thread-safe.
class Catalogue {
 public:
  Catalogue(std::string database_path);
  ~Catalogue();

  // ---- Uploads, by name.
  CommitQueue::Change Put(StoredUpload upload) const;
  CommitQueue::Change RemoveUpload(std::string name) const;
  absl::StatusOr<StoredUpload> GetUpload(std::string_view name) const;
  absl::StatusOr<std::optional<StoredUpload>> FindUploadByRequest(std::string_view request_id) const;
  absl::StatusOr<std::vector<StoredUpload>> AllUploads() const;

  // ---- Data sets, by name. Insert: ALREADY_EXISTS if the name is taken.
  CommitQueue::Change Insert(StoredDataset dataset) const;
  CommitQueue::Change RemoveDataset(std::string name) const;
  absl::StatusOr<StoredDataset> GetDataset(std::string_view name) const;
  absl::StatusOr<CataloguePage<StoredDataset>> ListDatasets(const Filter& filter, int page_size, std::string_view page_token) const;

  // ---- Jobs. Insert takes a key from NextJobKey. Update replaces the message (state, labels and so on with it).
  JobKey NextJobKey();
  CommitQueue::Change Insert(StoredJob job) const;
  CommitQueue::Change Update(JobKey key, v1::Job job) const;
  absl::StatusOr<StoredJob> GetJob(std::string_view name) const;
  absl::StatusOr<std::optional<StoredJob>> FindJobByRequest(std::string_view request_id) const;
  absl::StatusOr<CataloguePage<StoredJob>> ListJobs(const Filter& filter, int page_size, std::string_view page_token) const;

  // Jobs that have not ended, by key.
  absl::StatusOr<std::vector<StoredJob>> UnfinishedJobs() const;

  // Names one job that has not ended and reads this data set; empty: none.
  absl::StatusOr<std::string> JobThatNeeds(std::string_view dataset_name) const;

  // Hides the job at once. Its events, checkpoints and model go in portions by RemoveSomeOf, until that returns 0.
  CommitQueue::Change MarkDeleted(JobKey key) const;
  absl::StatusOr<std::vector<JobKey>> DeletedJobs() const;
  absl::StatusOr<int> RemoveSomeOf(Connection& connection, JobKey key) const;

  // ---- Checkpoints, newest first.
  CommitQueue::Change Insert(JobKey job, StoredCheckpoint checkpoint) const;
  CommitQueue::Change RemoveCheckpoint(JobKey job, std::string file) const;
  absl::StatusOr<std::vector<StoredCheckpoint>> Checkpoints(JobKey job) const;

  // ---- Models, by name; the key is the job's.
  CommitQueue::Change Put(JobKey job, v1::Model model) const;
  CommitQueue::Change RemoveModel(JobKey job) const;
  absl::StatusOr<v1::Model> GetModel(std::string_view name) const;
  absl::StatusOr<CataloguePage<v1::Model>> ListModels(int page_size, std::string_view page_token) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_CATALOGUE_H_
