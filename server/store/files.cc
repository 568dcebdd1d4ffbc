#include "server/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "server/store/database.h"

namespace trainyard {
namespace {

// Written back in such pieces while more arrives, so that a sync at the end finds little to do.
constexpr int64_t kWriteBackBytes = int64_t{8} << 20;

// So much may be on its way to the disk, where others wait behind it to sync.
constexpr int64_t kUnwrittenBytes = int64_t{32} << 20;

}  // namespace

FileCalls& SystemFileCalls() {
  static FileCalls calls = {.pwrite = pwrite,
                            .sync_file_range = sync_file_range,
                            .fdatasync = fdatasync,
                            .fsync = fsync,
                            .rename = rename,
                            .unlink = unlink};
  return calls;
}

absl::Status FileError(std::string_view doing, const std::string& path) {
  const int error = errno;
  const std::string what = absl::StrCat("cannot ", AbslView(doing), " ", path);
  if (error == ENOSPC || error == EDQUOT) return StorageFull(what);
  return absl::ErrnoToStatus(error, what);
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open", folder);
  absl::Status status = SystemFileCalls().fsync(fd) == 0 ? absl::OkStatus() : FileError("sync", folder);
  close(fd);
  return status;
}

absl::StatusOr<GrowingFile> GrowingFile::Open(std::string path, int64_t at_most) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("open", path);
  GrowingFile file(fd, std::move(path), 0);
  struct stat info;
  if (fstat(fd, &info) != 0) return FileError("examine", file.path_);
  if (info.st_size > at_most && ftruncate(fd, at_most) != 0) return FileError("cut", file.path_);
  file.size_ = file.synced_ = file.written_back_ = file.settled_ = info.st_size < at_most ? info.st_size : at_most;
  return file;
}

GrowingFile::GrowingFile(GrowingFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      synced_(other.synced_),
      written_back_(other.written_back_),
      settled_(other.settled_),
      lost_(std::move(other.lost_)) {}

GrowingFile::~GrowingFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status GrowingFile::WriteAt(std::string_view bytes, int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = SystemFileCalls().pwrite(fd_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path_);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

absl::Status GrowingFile::Append(std::string_view bytes) {
  if (absl::Status status = WriteAt(bytes, size_); !status.ok()) {
    if (ftruncate(fd_, size_) != 0) return status;  // the next Append writes over what lies beyond
    return status;
  }
  size_ += static_cast<int64_t>(bytes.size());
  if (size_ - written_back_ >= kWriteBackBytes) WriteBack();
  return absl::OkStatus();
}

// The system tells of an error here or at the sync, not twice.
void GrowingFile::AskToWrite(int64_t offset, int64_t count, unsigned flags) {
  if (SystemFileCalls().sync_file_range(fd_, offset, count, flags) == 0 || errno == ENOSYS) return;
  lost_ = FileError("write", path_);
}

void GrowingFile::WriteBack() {
  AskToWrite(written_back_, size_ - written_back_, SYNC_FILE_RANGE_WRITE);
  written_back_ = size_;
  const int64_t old = size_ - kUnwrittenBytes - settled_;
  if (old <= 0) return;
  AskToWrite(settled_, old, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  settled_ += old;
}

absl::Status GrowingFile::Overwrite(std::string_view bytes) { return WriteAt(bytes, 0); }

absl::Status GrowingFile::Clear() {
  if (ftruncate(fd_, 0) != 0) return FileError("cut", path_);
  size_ = synced_ = written_back_ = settled_ = 0;
  lost_ = absl::OkStatus();
  return absl::OkStatus();
}

absl::Status GrowingFile::Sync() {
  if (lost_.ok() && SystemFileCalls().fdatasync(fd_) != 0) lost_ = FileError("sync", path_);
  if (lost_.ok()) {
    synced_ = size_;
    return absl::OkStatus();
  }
  absl::Status status = lost_;
  if (ftruncate(fd_, synced_) == 0) {
    size_ = synced_;
    written_back_ = std::min(written_back_, size_);
    settled_ = std::min(settled_, size_);
    lost_ = absl::OkStatus();
  }
  return status;
}

}  // namespace trainyard
