// Files beside the database: data sets, checkpoints, uploads in progress. A blob appears whole or not at all: temporary name, sync,
// rename, sync of the folder.

#ifndef TRAINYARD_SERVER_STORE_BLOBS_H_
#define TRAINYARD_SERVER_STORE_BLOBS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trainyard {

// A read-only memory-mapped file.
class MappedFile {
 public:
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  std::string_view bytes() const { return bytes_; }

 private:
  MappedFile() = default;
  std::string_view bytes_;
};

// A file being written at its end; not thread-safe.
class BlobWriter {
 public:
  ~BlobWriter();  // removes the temporary file if it was not published

  absl::Status Append(std::string_view bytes);

  // Syncs and gives the blob its name; on return it survives the death of the machine.
  absl::Status Publish();

 private:
  friend class Blobs;
  BlobWriter() = default;
  int fd_ = -1;
  std::string temporary_path_;
  std::string path_;
};

// An upload in progress: a file that grows, kept across restarts; not thread-safe.
class UploadFile {
 public:
  ~UploadFile();
  int64_t size() const { return size_; }

  // RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full; what was written before stays.
  absl::Status Append(std::string_view bytes);

  // After this, `size()` bytes survive the death of the machine.
  absl::Status Sync();

 private:
  friend class Blobs;
  UploadFile() = default;
  int fd_ = -1;
  int64_t size_ = 0;
};

// Thread-safe. Names are made by the server: [a-z0-9._-]+, never by a client.
class Blobs {
 public:
  // Makes the folders `blobs` and `uploads` in `data_directory` and removes temporary files that a crash left.
  static absl::StatusOr<std::unique_ptr<Blobs>> Open(std::string data_directory);

  absl::StatusOr<std::unique_ptr<BlobWriter>> Create(std::string_view name) const;

  // NOT_FOUND: no such blob.
  absl::StatusOr<std::shared_ptr<const MappedFile>> Map(std::string_view name) const;
  absl::Status Remove(std::string_view name) const;
  absl::StatusOr<std::vector<std::string>> List() const;

  // Opens or makes the upload's file, cut to `size` bytes at most.
  absl::StatusOr<std::unique_ptr<UploadFile>> OpenUpload(std::string_view name) const;
  absl::StatusOr<std::shared_ptr<const MappedFile>> MapUpload(std::string_view name) const;
  absl::Status RemoveUpload(std::string_view name) const;

  // Room on the disk, in bytes, and whether it is too little for new work (below the smaller of 1 GiB and 5 % of the disk).
  int64_t FreeBytes() const;
  bool ShortOfRoom() const;

 private:
  explicit Blobs(std::string data_directory) : data_directory_(std::move(data_directory)) {}
  const std::string data_directory_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_BLOBS_H_
