#include "tests/testing/intercepted_disk.h"

#include <algorithm>
#include <cstring>

namespace trainyard {
namespace {

InterceptedDisk* current = nullptr;
sqlite3_vfs* system_vfs = nullptr;
const sqlite3_io_methods* system_methods = nullptr;  // all files of the system's have the same

}  // namespace

template <InterceptedDisk::Kind kKind>
struct InterceptedDisk::Hooks {
  static int Read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
    return current->Read(kKind, file, bytes, count, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    return current->Write(kKind, file, bytes, count, offset);
  }
  static int Cut(sqlite3_file* file, sqlite3_int64 size) { return current->Cut(kKind, file, size); }
  static int Sync(sqlite3_file* file, int flags) { return current->Sync(kKind, file, flags); }
  static int Size(sqlite3_file* file, sqlite3_int64* size) { return current->Size(kKind, file, size); }
  static int Close(sqlite3_file* file) { return current->Close(kKind, file); }

  static const sqlite3_io_methods* Methods() {
    static const sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods methods = *system_methods;
      methods.xRead = Read;
      methods.xWrite = Write;
      methods.xTruncate = Cut;
      methods.xSync = Sync;
      methods.xFileSize = Size;
      methods.xClose = Close;
      return methods;
    }();
    return &kMethods;
  }
};

InterceptedDisk::InterceptedDisk() {
  current = this;
  system_vfs = sqlite3_vfs_find(nullptr);
  vfs_ = *system_vfs;
  vfs_.zName = "intercepted";
  vfs_.xOpen = Open;
  sqlite3_vfs_register(&vfs_, 1);
}

InterceptedDisk::~InterceptedDisk() {
  sqlite3_vfs_unregister(&vfs_);
  current = nullptr;
}

int InterceptedDisk::Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  system_methods = file->pMethods;
  if ((flags & SQLITE_OPEN_WAL) != 0) file->pMethods = Hooks<Kind::kLog>::Methods();
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) file->pMethods = Hooks<Kind::kDatabase>::Methods();
  return code;
}

int InterceptedDisk::Read(Kind, sqlite3_file* file, void* bytes, int count, int64_t offset) {
  return system_methods->xRead(file, bytes, count, offset);
}

int InterceptedDisk::Write(Kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) {
  return system_methods->xWrite(file, bytes, count, offset);
}

int InterceptedDisk::Cut(Kind, sqlite3_file* file, int64_t size) { return system_methods->xTruncate(file, size); }

int InterceptedDisk::Sync(Kind, sqlite3_file* file, int flags) { return system_methods->xSync(file, flags); }

int InterceptedDisk::Size(Kind, sqlite3_file* file, sqlite3_int64* size) {
  return system_methods->xFileSize(file, size);
}

int InterceptedDisk::Close(Kind, sqlite3_file* file) { return system_methods->xClose(file); }

// ---- FailingDisk

void FailingDisk::Fail(Fault fault) {
  absl::MutexLock lock(&mutex_);
  fault_ = fault;
  failing_ = true;
  passed_ = failed_ = 0;
}

void FailingDisk::Heal() {
  absl::MutexLock lock(&mutex_);
  failing_ = false;
}

int FailingDisk::failed() const {
  absl::MutexLock lock(&mutex_);
  return failed_;
}

void FailingDisk::AwaitFailed(int count) const {
  const auto enough = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return failed_ >= count; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&enough));
}

int FailingDisk::Decide(Kind kind, Call call, bool* torn) {
  absl::MutexLock lock(&mutex_);
  if (!failing_ || fault_.kind != kind || fault_.call != call || passed_++ < fault_.after) return SQLITE_OK;
  if (failed_ == fault_.times) return SQLITE_OK;
  ++failed_;
  *torn = fault_.torn;
  return fault_.code;
}

int FailingDisk::Read(Kind kind, sqlite3_file* file, void* bytes, int count, int64_t offset) {
  bool torn = false;
  const int code = Decide(kind, Call::kRead, &torn);
  return code != SQLITE_OK ? code : InterceptedDisk::Read(kind, file, bytes, count, offset);
}

int FailingDisk::Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) {
  bool torn = false;
  const int code = Decide(kind, Call::kWrite, &torn);
  if (code == SQLITE_OK) return InterceptedDisk::Write(kind, file, bytes, count, offset);
  if (torn) InterceptedDisk::Write(kind, file, bytes, count / 2, offset);
  return code;
}

int FailingDisk::Cut(Kind kind, sqlite3_file* file, int64_t size) {
  bool torn = false;
  const int code = Decide(kind, Call::kCut, &torn);
  return code != SQLITE_OK ? code : InterceptedDisk::Cut(kind, file, size);
}

int FailingDisk::Sync(Kind kind, sqlite3_file* file, int flags) {
  bool torn = false;
  const int code = Decide(kind, Call::kSync, &torn);
  return code != SQLITE_OK ? code : InterceptedDisk::Sync(kind, file, flags);
}

// ---- LateDisk

int LateDisk::WriteOut(sqlite3_file* log, Clock::time_point until) {
  while (!waiting_.empty() && waiting_.front().since <= until) {
    const Waiting& next = waiting_.front();
    const int code =
        InterceptedDisk::Write(Kind::kLog, log, next.bytes.data(), static_cast<int>(next.bytes.size()), next.offset);
    if (code != SQLITE_OK) return code;
    waiting_.pop_front();
  }
  return SQLITE_OK;
}

int LateDisk::Read(Kind kind, sqlite3_file* file, void* bytes, int count, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  int code = InterceptedDisk::Read(kind, file, bytes, count, offset);
  if (kind != Kind::kLog || (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)) return code;
  for (const Waiting& later : waiting_) {
    const int64_t end = later.offset + static_cast<int64_t>(later.bytes.size());
    const int64_t from = std::max(offset, later.offset);
    const int64_t to = std::min(offset + count, end);
    if (from >= to) continue;
    std::memcpy(static_cast<char*>(bytes) + (from - offset), later.bytes.data() + (from - later.offset),
                static_cast<size_t>(to - from));
    if (end >= offset + count) code = SQLITE_OK;
  }
  return code;
}

// What is moved into the database is in the log before.
int LateDisk::Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) {
  const Clock::time_point now = Clock::now();
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kDatabase) {
    if (log_ != nullptr) WriteOut(log_, now);
    return InterceptedDisk::Write(kind, file, bytes, count, offset);
  }
  log_ = file;
  waiting_.push_back({now, offset, std::string(static_cast<const char*>(bytes), static_cast<size_t>(count))});
  return WriteOut(file, now - by_);
}

int LateDisk::Cut(Kind kind, sqlite3_file* file, int64_t size) {
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kLog) WriteOut(file, Clock::now());
  return InterceptedDisk::Cut(kind, file, size);
}

int LateDisk::Sync(Kind kind, sqlite3_file* file, int flags) {
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kLog) return WriteOut(file, Clock::now() - by_);
  return InterceptedDisk::Sync(kind, file, flags);
}

int LateDisk::Size(Kind kind, sqlite3_file* file, sqlite3_int64* size) {
  absl::MutexLock lock(&mutex_);
  const int code = InterceptedDisk::Size(kind, file, size);
  if (kind != Kind::kLog) return code;
  for (const Waiting& later : waiting_) {
    *size = std::max<sqlite3_int64>(*size, later.offset + static_cast<int64_t>(later.bytes.size()));
  }
  return code;
}

int LateDisk::Close(Kind kind, sqlite3_file* file) {
  absl::MutexLock lock(&mutex_);
  if (kind == Kind::kLog) {
    WriteOut(file, Clock::now());
    if (log_ == file) log_ = nullptr;
  }
  return InterceptedDisk::Close(kind, file);
}

}  // namespace trainyard
