#include "server/store/write_ahead_log.h"

#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <system_error>

namespace trainyard {
namespace {

constexpr int64_t kPageBytes = 4096;

// Of the memory that connections share, as sqlite.org/walformat.html describes it: the size of its pieces, and where it says how many pages
// of the log are in the database. That number becomes 0 under the lock of the writer, and grows under that of the checkpoint.
constexpr int kSharedBytes = 32768;
constexpr int kMovedPagesAt = 96;
constexpr int kFirstLock = 0;  // the writer's, then the checkpoint's
constexpr int kLocks = 2;

}  // namespace

int64_t LogFilePages(sqlite3* db) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(sqlite3_filename_wal(sqlite3_db_filename(db, "main")), error);
  return error ? 0 : static_cast<int64_t>(bytes) / kPageBytes;
}

bool ForgetMovedPages(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return false;
  const sqlite3_io_methods& methods = *file->pMethods;
  void volatile* shared = nullptr;
  if (methods.xShmMap(file, 0, kSharedBytes, 0, &shared) != SQLITE_OK || shared == nullptr) return false;
  if (methods.xShmLock(file, kFirstLock, kLocks, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) != SQLITE_OK) return false;
  auto* const bytes = static_cast<char*>(const_cast<void*>(shared));
  std::atomic_ref(*reinterpret_cast<uint32_t*>(bytes + kMovedPagesAt)).store(0);
  methods.xShmLock(file, kFirstLock, kLocks, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
  return true;
}

bool IsErrorOfSync(int code) { return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC; }

}  // namespace trainyard
