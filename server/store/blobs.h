// Files beside the database: data sets, checkpoints, uploads in progress. A blob appears whole or not at all: temporary name, sync,
// rename, sync of the folder.

#ifndef TRAINYARD_SERVER_STORE_BLOBS_H_
#define TRAINYARD_SERVER_STORE_BLOBS_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mapped_file.h"
#include "server/store/files.h"

namespace trainyard {

// A file being written at its end; not thread-safe.
class BlobWriter {
 public:
  ~BlobWriter();  // removes the temporary file if it was not published

  // RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full.
  absl::Status Append(std::string_view bytes);

  // In place of the first bytes; there are at least as many. Clear leaves no byte.
  absl::Status Overwrite(std::string_view bytes);
  absl::Status Clear();
  int64_t size() const { return file_.size(); }

  // Syncs and gives the blob its name; on return it survives the death of the machine.
  absl::Status Publish();

 private:
  friend class Blobs;
  BlobWriter(GrowingFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  GrowingFile file_;  // under its temporary name
  const std::string path_;
  bool published_ = false;
};

// An upload in progress: a file that grows, kept across restarts; not thread-safe.
class UploadFile {
 public:
  int64_t size() const { return file_.size(); }

  // RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full; what was written before stays.
  absl::Status Append(std::string_view bytes);

  // After this, `size()` bytes survive the death of the machine.
  absl::Status Sync();

 private:
  friend class Blobs;
  explicit UploadFile(GrowingFile file) : file_(std::move(file)) {}
  GrowingFile file_;
};

// Whether `free` of a disk's `total` bytes are too few for new work: below the smaller of 1 GiB and 5 % of the disk.
bool IsShortOfRoom(int64_t free, int64_t total);

// Thread-safe. Names are made by the server: [a-z0-9._-]+, never by a client.
class Blobs {
 public:
  // Makes the folders `blobs` and `uploads` in `data_directory` and removes temporary files that a crash left.
  static absl::StatusOr<std::unique_ptr<Blobs>> Open(const std::string& data_directory);

  // The writer must not outlive this. A blob of the same name is replaced when the new one is published.
  absl::StatusOr<std::unique_ptr<BlobWriter>> Create(std::string_view name) const;

  // NOT_FOUND: no such blob. What is mapped stays readable after the blob is removed.
  absl::StatusOr<std::shared_ptr<const MappedFile>> Map(std::string_view name) const;
  absl::Status Remove(std::string_view name) const;

  // The names of published blobs, sorted.
  absl::StatusOr<std::vector<std::string>> List() const;

  // Opens or makes the upload's file, cut to `at_most` bytes: a file may be longer than what was told to be stored.
  absl::StatusOr<std::unique_ptr<UploadFile>> OpenUpload(std::string_view name,
                                                         int64_t at_most = std::numeric_limits<int64_t>::max()) const;

  // NOT_FOUND: no such upload.
  absl::StatusOr<std::shared_ptr<const MappedFile>> MapUpload(std::string_view name) const;
  absl::Status RemoveUpload(std::string_view name) const;

  // When bytes last came. NOT_FOUND: no such upload.
  absl::StatusOr<absl::Time> UploadTime(std::string_view name) const;
  absl::StatusOr<std::vector<std::string>> ListUploads() const;

  // Room on the disk, in bytes, and whether it is too little for new work. A disk that cannot be examined has none.
  int64_t FreeBytes() const;
  bool ShortOfRoom() const;

 private:
  explicit Blobs(const std::string& data_directory)
      : blobs_(data_directory + "/blobs"), uploads_(data_directory + "/uploads") {}

  const std::string blobs_;
  const std::string uploads_;
  mutable std::atomic<int64_t> temporary_files_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_BLOBS_H_
