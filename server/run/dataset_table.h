// Uploads and data sets: from the first byte to the memory-mapped form that jobs read.

#ifndef TRAINYARD_SERVER_RUN_DATASET_TABLE_H_
#define TRAINYARD_SERVER_RUN_DATASET_TABLE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/data/dataset.h"
#include "core/data/read_dataset.h"
#include "server/base/counters.h"
#include "server/run/caller.h"
#include "server/run/upload_digest.h"
#include "server/store/blobs.h"
#include "server/store/catalogue.h"
#include "server/store/commit_queue.h"
#include "trainyard/v1/dataset.pb.h"

namespace trainyard {

struct DatasetLimits {
  int64_t upload_bytes = int64_t{64} << 30;
  int open_uploads = 1000;
  absl::Duration upload_lifetime = absl::Hours(24);  // after the last byte came
  ReadLimits read;
};

// Thread-safe. Every method may touch the disk: never on a gRPC thread. Errors are those of DatasetService.
class DatasetTable {
 public:
  // All must outlive this.
  DatasetTable(DatasetLimits limits, CommitQueue& queue, Catalogue& catalogue, Blobs& blobs);

  // Takes up the uploads that a former server left, drops those whose time is over.
  absl::Status Recover();

  // Drops others whose time is over first.
  absl::StatusOr<v1::Upload> CreateUpload(const v1::CreateUploadRequest& request, const Caller& caller);
  absl::StatusOr<v1::Upload> GetUpload(const std::string& name);
  absl::Status DeleteUpload(const std::string& name);

  // One stream of bytes into an upload; while it lives no other may write.
  class Writer {
   public:
    ~Writer();

    // The chunk must follow the last, and `crc32c` must be its checksum.
    absl::Status Write(int64_t offset, uint32_t crc32c, std::string_view data);

    // Makes what was written safe and tells what there is.
    absl::StatusOr<v1::Upload> Finish();

    // The SHA-256 of what was written, which `content` shows. UNAVAILABLE (DRAINING)
    absl::StatusOr<std::string> Digest(const MappedFile& content);

   private:
    friend class DatasetTable;
    Writer(DatasetTable& table, v1::Upload upload, std::unique_ptr<UploadFile> file,
           std::shared_ptr<UploadDigest> digest);
    DatasetTable& table_;
    v1::Upload upload_;
    std::unique_ptr<UploadFile> file_;
    const std::shared_ptr<UploadDigest> digest_;
  };
  absl::StatusOr<std::unique_ptr<Writer>> Write(const std::string& upload_name);

  absl::StatusOr<v1::Dataset> Commit(const v1::CommitUploadRequest& request);

  // From now on no upload is read: commits under way end soon, UNAVAILABLE (DRAINING), and leave theirs to the next server.
  void Drain() { draining_ = true; }

  absl::StatusOr<v1::Dataset> Get(const std::string& name);
  absl::StatusOr<v1::ListDatasetsResponse> List(const v1::ListDatasetsRequest& request);
  absl::StatusOr<v1::Table> ReadExamples(const v1::ReadExamplesRequest& request);
  absl::Status Delete(const v1::DeleteDatasetRequest& request);

  // Bytes of uploads that were accepted.
  int64_t received_bytes() const { return received_bytes_.value(); }

  // The rows, shared by all that have them open. NOT_FOUND: no such data set.
  absl::StatusOr<std::shared_ptr<const Dataset>> Open(const std::string& name);

  // While it lives, its data sets can't be deleted: held from the check of a new job until the job is in the catalogue. Its first and its
  // last moment wait for a deletion under way.
  class Pin {
   public:
    Pin(DatasetTable& table, std::vector<std::string> names);
    ~Pin();

   private:
    DatasetTable& table_;
    const std::vector<std::string> names_;
  };

 private:
  struct OpenUpload {
    std::string owner;
    int64_t size_bytes = 0;  // as declared; 0: it was not
    std::shared_ptr<UploadDigest> digest = std::make_shared<UploadDigest>();
  };

  struct OpenDataset {
    std::string file;
    std::weak_ptr<const Dataset> dataset;
  };

  absl::StatusOr<std::shared_ptr<const Dataset>> OpenFile(const std::string& file);
  absl::Status OpenNew(const StoredUpload& stored);
  absl::StatusOr<v1::Upload> Describe(StoredUpload stored) const;
  absl::Status CheckNew(const v1::Dataset& dataset) const;

  absl::Status DropStaleUploads();
  bool IsStale(const std::string& upload_name) const;

  // Of an upload that is held.
  absl::Status RemoveUpload(const std::string& name);

  // What the change that removes an upload was told.
  void NoteRemoval(const std::string& name, const absl::Status& told);

  // Counts it as open from now on. RESOURCE_EXHAUSTED: the server or the caller has as much as may be.
  absl::Status AddUpload(const v1::Upload& upload, const Caller& caller);
  absl::Status CheckNotDraining() const;
  absl::StatusOr<StoredDataset> Read(const v1::Upload& upload, const MappedFile& content, const std::string& digest);

  absl::StatusOr<StoredDataset> Remove(const v1::DeleteDatasetRequest& request);

  // Of an upload that is there; and of one that is not: the data set that was made of it, else `gone`.
  absl::StatusOr<v1::Dataset> CommitHeld(const v1::CommitUploadRequest& request, Writer& hold);
  absl::StatusOr<v1::Dataset> Committed(const v1::CommitUploadRequest& request, const absl::Status& gone);

  const DatasetLimits limits_;
  CommitQueue& queue_;
  Catalogue& catalogue_;
  Blobs& blobs_;
  Counter received_bytes_;
  std::atomic<bool> draining_ = false;

  // Held while a data set is deleted, until that is durable: for calls that wait for the disk anyway. Before mutex_.
  absl::Mutex pinning_;
  std::map<std::string, int> pins_ ABSL_GUARDED_BY(pinning_);

  absl::Mutex mutex_;
  std::map<std::string, OpenDataset> open_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, OpenUpload> uploads_ ABSL_GUARDED_BY(mutex_);  // open ones
  std::map<std::string, bool> busy_ ABSL_GUARDED_BY(mutex_);           // uploads that a stream or a commit has
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_DATASET_TABLE_H_
