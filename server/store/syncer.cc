#include "server/store/syncer.h"

#include <sqlite3.h>

#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/store/write_ahead_log.h"

namespace trainyard {
namespace {

constexpr absl::Duration kLongestDirty = absl::Milliseconds(100);

// 4 MiB of log are worth a checkpoint.
constexpr int64_t kCheckpointPages = 1024;

constexpr absl::Duration kSlowSync = absl::Seconds(1);

constexpr char kCommitted[] = "committed";

absl::Status CommittedAllTheSame(const absl::Status& status) {
  return WithReason(status, ErrorReason(status), {{kCommitted, "true"}});
}

}  // namespace

bool IsCommitted(const absl::Status& told) { return told.ok() || ErrorMetadata(told).contains(kCommitted); }

absl::StatusOr<std::unique_ptr<Syncer>> Syncer::Start(const std::string& database_path, Journal* journal) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(database_path));
  return std::unique_ptr<Syncer>(new Syncer(std::move(connection), journal));
}

Syncer::Syncer(std::unique_ptr<Connection> connection, Journal* journal)
    : connection_(std::move(connection)), journal_(journal), thread_([this] { Run(); }) {}

Syncer::~Syncer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  // Whoever closes the database last moves the log and removes it.
  if (in_doubt()) ForgetMovedPages(connection_->handle());
}

void Syncer::Committed(int64_t log_pages, std::vector<Told> waiting) {
  absl::MutexLock lock(&mutex_);
  if (!dirty_) dirty_since_ = absl::Now();
  dirty_ = true;
  log_pages_ = log_pages;
  std::move(waiting.begin(), waiting.end(), std::back_inserter(waiting_));
}

void Syncer::Run() {
  while (AwaitWork()) {
    SyncLog();
    Checkpoint();
  }
}

// False: stopped, and nothing is left to sync.
bool Syncer::AwaitWork() {
  const auto has_reason_to_wake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return dirty_ || stopping_; };
  const auto has_reason_to_hurry = [this]()
                                       ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !waiting_.empty() || stopping_; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&has_reason_to_wake));
  if (!dirty_) return false;
  mutex_.AwaitWithDeadline(absl::Condition(&has_reason_to_hurry), dirty_since_ + kLongestDirty);
  return true;
}

void Syncer::SyncLog() {
  std::vector<Told> told;
  {
    absl::MutexLock lock(&mutex_);
    dirty_ = false;
    told.swap(waiting_);
  }
  absl::Status status = SyncFile(SQLITE_FCNTL_JOURNAL_POINTER);
  if (status.ok() && in_doubt()) {
    status = SqliteStatus(nullptr, SQLITE_IOERR_FSYNC, "sync its files");
  }
  if (!status.ok()) status = CommittedAllTheSame(status);
  for (Told& tell : told) tell(status);
}

void Syncer::SyncLogIfAwaited() {
  {
    absl::MutexLock lock(&mutex_);
    if (waiting_.empty()) return;
  }
  SyncLog();
}

void Syncer::SyncFailed(const absl::Status& status) {
  if (in_doubt_.exchange(true) || journal_ == nullptr) return;
  journal_->Write(Severity::kError, "store_cannot_sync", {{"error", std::string(status.message())}});
}

void Syncer::LogEnded() {
  if (in_doubt_.exchange(false) && journal_ != nullptr) journal_->Write(Severity::kInfo, "store_syncs_again");
}

// Beside a busy writer a passive checkpoint never reaches the end of the log, and a partial one does not sync the database. So: move,
// sync, move what came meanwhile, sync; what is left for the writer, which alone can reach the end, is little.
void Syncer::Checkpoint() {
  {
    absl::MutexLock lock(&mutex_);
    if (log_pages_ < moved_pages_) moved_pages_ = 0;  // the log has begun anew
    if (log_pages_ - moved_pages_ < kCheckpointPages) return;
  }
  if (in_doubt()) return;
  CheckpointPassively();
  SyncLogIfAwaited();
  SyncFile(SQLITE_FCNTL_FILE_POINTER).IgnoreError();  // in_doubt knows
  SyncLogIfAwaited();
  if (in_doubt()) return;
  const int64_t moved = CheckpointPassively();
  SyncLog();
  SyncFile(SQLITE_FCNTL_FILE_POINTER).IgnoreError();
  if (!in_doubt()) moved_pages_ = moved;
}

// Returns how many pages of the log are in the database. On a full disk it fails and leaves the log longer; the next one tries again.
int64_t Syncer::CheckpointPassively() {
  int in_log = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if (IsErrorOfSync(code)) SyncFailed(SqliteStatus(nullptr, code, "sync its files"));
  return code == SQLITE_OK && moved >= 0 ? moved : moved_pages_.load();
}

// By SQLite's own file: closing a descriptor of ours would drop its locks.
absl::Status Syncer::SyncFile(int which) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection_->handle(), "main", which, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) {
    return absl::InternalError("the store cannot find its file to sync");
  }
  const absl::Time begin = absl::Now();
  const int synced = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  const absl::Duration took = absl::Now() - begin;
  sync_durations_.Observe(took);
  if (took > kSlowSync && journal_ != nullptr) {
    journal_->Write(Severity::kWarning, "slow_sync", {{"seconds", absl::ToDoubleSeconds(took)}});
  }
  absl::Status status = SqliteStatus(nullptr, synced, "sync its files");
  if (!status.ok()) SyncFailed(status);
  return status;
}

}  // namespace trainyard
