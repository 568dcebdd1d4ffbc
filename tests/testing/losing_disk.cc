#include "tests/testing/losing_disk.h"

#include <filesystem>
#include <fstream>

namespace trainyard {

void LosingDisk::FailSyncs(int times) {
  absl::MutexLock lock(&mutex_);
  to_fail_ = times;
}

int LosingDisk::failed() const {
  absl::MutexLock lock(&mutex_);
  return failed_;
}

void LosingDisk::Copy(const std::string& database, const std::string& to) const {
  namespace fs = std::filesystem;
  absl::MutexLock lock(&mutex_);
  fs::copy_file(database, to, fs::copy_options::overwrite_existing);
  fs::remove(to + "-wal");
  if (fs::exists(database + "-wal")) fs::copy_file(database + "-wal", to + "-wal");
  std::fstream copy(to, std::ios::in | std::ios::out | std::ios::binary);
  for (const auto& [offset, bytes] : on_disk_) copy.seekp(offset).write(bytes.data(), std::ssize(bytes));
}

int LosingDisk::Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kDatabase) {
    std::string before(static_cast<size_t>(count), '\0');
    Read(kind, file, before.data(), count, offset);
    on_disk_.emplace(offset, std::move(before));
    dirty_.insert(offset);
  }
  return InterceptedDisk::Write(kind, file, bytes, count, offset);
}

int LosingDisk::Cut(Kind kind, sqlite3_file* file, int64_t size) {
  absl::MutexLock lock(&mutex_);
  return InterceptedDisk::Cut(kind, file, size);
}

int LosingDisk::Sync(Kind kind, sqlite3_file* file, int flags) {
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kLog) return InterceptedDisk::Sync(kind, file, flags);
  if (to_fail_ > 0) {
    --to_fail_;
    ++failed_;
    dirty_.clear();
    return SQLITE_IOERR_FSYNC;
  }
  for (const int64_t offset : dirty_) on_disk_.erase(offset);
  dirty_.clear();
  return InterceptedDisk::Sync(kind, file, flags);
}

}  // namespace trainyard
