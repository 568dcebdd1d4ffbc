// Files of the store: errors with their path, and what makes a write last.

#ifndef TRAINYARD_SERVER_STORE_FILES_H_
#define TRAINYARD_SERVER_STORE_FILES_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trainyard {

// Of the database, within the data directory.
inline constexpr char kDatabaseName[] = "trainyard.db";

// The error of the last system call: RESOURCE_EXHAUSTED (STORAGE_FULL) where the disk or the quota is full. `doing` and `path` complete
// "cannot write /data/x".
absl::Status FileError(std::string_view doing, const std::string& path);

// The system's calls that write or remove. Tests put failing ones in their place, while nobody writes.
struct FileCalls {
  ssize_t (*pwrite)(int fd, const void* bytes, size_t count, off_t offset);
  int (*sync_file_range)(int fd, off64_t offset, off64_t count, unsigned flags);
  int (*fdatasync)(int fd);
  int (*fsync)(int fd);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};
FileCalls& SystemFileCalls();

// After this, names made in or removed from the folder survive the death of the machine.
absl::Status SyncFolder(const std::string& folder);

// A file that is written at its end; not thread-safe. It owns the descriptor.
class GrowingFile {
 public:
  // Opens or makes the file, cut to `at_most` bytes.
  static absl::StatusOr<GrowingFile> Open(std::string path, int64_t at_most);
  GrowingFile(GrowingFile&& other) noexcept;
  GrowingFile& operator=(GrowingFile&&) = delete;
  ~GrowingFile();

  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // All or nothing: after an error the file is as long as before.
  // What has been written long ago is no longer kept in memory.
  absl::Status Append(std::string_view bytes);

  // In place of the first bytes; there are at least as many.
  absl::Status Overwrite(std::string_view bytes);

  // Leaves no byte.
  absl::Status Clear();

  // After this, `size()` bytes survive the death of the machine, if the file's name does. An error leaves only those that a former Sync
  // of this has made safe, or that there were at the start: a system that could not write a page once takes it for written the next time.
  // Errors of what was written back before count as errors of this.
  absl::Status Sync();

 private:
  absl::Status WriteAt(std::string_view bytes, int64_t offset);
  void WriteBack();
  void AskToWrite(int64_t offset, int64_t count, unsigned flags);

  GrowingFile(int fd, std::string path, int64_t size)
      : fd_(fd), path_(std::move(path)), size_(size), synced_(size), written_back_(size), settled_(size) {}

  int fd_;
  std::string path_;
  int64_t size_;
  int64_t synced_;
  int64_t written_back_;  // up to here the kernel has been asked to write
  int64_t settled_;       // up to here it has written
  absl::Status lost_;     // why bytes beyond synced_ may not be on the disk
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_FILES_H_
