#include "server/store/commit_queue.h"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/store/files.h"
#include "server/store/write_ahead_log.h"

namespace trainyard {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(100);

constexpr absl::Duration kReserveInterval = absl::Seconds(10);

// After which a writer without work looks whether a sync has failed.
constexpr absl::Duration kLookInterval = absl::Seconds(1);

// With readers' snapshots, after a sync has failed: until the log is ended nothing is told to be durable.
constexpr absl::Duration kDoubtfulLogPatience = absl::Seconds(1);

// The writer ends the checkpoint, and with it the log, beyond 48 MiB when it has nothing else to do and the syncer has left at most a
// sixteenth of the log to move, and beyond 256 MiB in any case. Nothing is committed meanwhile: it takes two syncs.
constexpr int64_t kLogPages = 12288;
constexpr int64_t kMostLogPages = 65536;

// A reader's snapshot may keep the log from ending; the next try comes so much later.
constexpr int64_t kTryAgainPages = 1024;

int CountLogPages(void* pages, sqlite3*, const char*, int in_log) {
  *static_cast<int64_t*>(pages) = in_log;
  return SQLITE_OK;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CommitQueue>> CommitQueue::Open(const std::string& database_path,
                                                               CommitQueueOptions options) {
  ReserveFile reserve(std::move(options.reserve_path), options.reserve_bytes);
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(database_path);
  // A start on a full disk may need room for SQLite's shared memory; some of its errors then hide the cause.
  if (!connection.ok() && reserve.Remove()) connection = Connection::Open(database_path);
  if (!connection.ok()) return connection.status();
  RETURN_IF_ERROR(SyncFolder(std::filesystem::absolute(database_path).parent_path()));
  ASSIGN_OR_RETURN(std::unique_ptr<Syncer> syncer, Syncer::Start(database_path, options.journal));
  return std::unique_ptr<CommitQueue>(
      new CommitQueue(*std::move(connection), std::move(syncer), std::move(reserve), options.journal));
}

CommitQueue::CommitQueue(std::unique_ptr<Connection> connection, std::unique_ptr<Syncer> syncer, ReserveFile reserve,
                         Journal* journal)
    : reserve_(std::move(reserve)), connection_(std::move(connection)), syncer_(std::move(syncer)), journal_(journal) {
  sqlite3_wal_hook(connection_->handle(), CountLogPages, &log_pages_);
  log_pages_ = LogFilePages(connection_->handle());
  reserve_checked_ = absl::Now();
  short_of_room_ = !reserve_.MakeIfThereIsRoom();
  writer_ = std::thread([this] { Run(); });
}

CommitQueue::~CommitQueue() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  writer_.join();
  syncer_.reset();
}

void CommitQueue::Commit(Change change, Told committed) {
  Enqueue({.change = std::move(change), .committed = std::move(committed), .durable = nullptr});
}

void CommitQueue::CommitDurably(Change change, Told durable, Told committed) {
  Enqueue({.change = std::move(change), .committed = std::move(committed), .durable = std::move(durable)});
}

absl::Status CommitQueue::CommitDurablyAndWait(Change change) {
  absl::Notification done;
  absl::Status result;
  CommitDurably(std::move(change), [&](absl::Status status) {
    result = std::move(status);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

absl::Status CommitQueue::CommitInPortions(absl::FunctionRef<absl::StatusOr<int64_t>(Connection&)> portion) {
  int64_t done = 1;
  while (done > 0) {
    RETURN_IF_ERROR(CommitDurablyAndWait([&](Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(done, portion(connection));
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

int64_t CommitQueue::queued() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(queue_.size()) + being_written_;
}

void CommitQueue::WhenThereIsRoom(absl::AnyInvocable<void()> told) {
  {
    absl::MutexLock lock(&mutex_);
    if (short_of_room_) return awaiting_room_.push_back(std::move(told));
  }
  told();
}

void CommitQueue::GiveUpOnErrors() {
  absl::MutexLock lock(&mutex_);
  giving_up_ = true;
}

void CommitQueue::Enqueue(Entry entry) {
  absl::MutexLock lock(&mutex_);
  queue_.push_back(std::move(entry));
}

void CommitQueue::Run() {
  for (Group group = TakeAll(); !group.empty(); group = TakeAll()) {
    const absl::Status written = WriteUntilDone(group);
    if (syncer_->in_doubt()) EndLog(kDoubtfulLogPatience);
    Tell(std::move(group), written);
    FinishCheckpoint();
    RestoreReserve();
  }
}

bool CommitQueue::AwaitQueued(absl::Duration at_most) {
  const auto has_reason_to_wake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !queue_.empty() || stopping_; };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&has_reason_to_wake), at_most);
}

// Empty: stopped, and nothing is left to write.
CommitQueue::Group CommitQueue::TakeAll() {
  {
    absl::MutexLock lock(&mutex_);
    being_written_ = 0;
  }
  while (!AwaitQueued(short_of_room_ || syncer_->in_doubt() ? kRetryInterval : kLookInterval)) {
    if (short_of_room_) RegainRoom();
    if (syncer_->in_doubt()) EndLog(absl::ZeroDuration());
  }
  absl::MutexLock lock(&mutex_);
  being_written_ = static_cast<int64_t>(queue_.size());
  return std::exchange(queue_, Group());
}

absl::Status CommitQueue::WriteUntilDone(Group& group) {
  while (true) {
    const absl::Status status = Write(group);
    Report(status);
    if (status.ok()) {
      storage_full_ = false;
      return status;
    }
    const bool full = IsStorageFull(status);
    if (full) NoteShortOfRoom();
    storage_full_ = full;
    if (full && (reserve_.Remove() || EndLog(absl::ZeroDuration()))) continue;
    if (AwaitStop(kRetryInterval)) return status;
  }
}

void CommitQueue::NoteShortOfRoom() {
  absl::MutexLock lock(&mutex_);
  short_of_room_ = true;
}

void CommitQueue::Report(const absl::Status& written) {
  const bool was_writable = writable_.exchange(written.ok());
  if (journal_ == nullptr || was_writable == written.ok()) return;
  if (written.ok()) {
    journal_->Write(Severity::kInfo, "store_writes_again");
  } else {
    journal_->Write(Severity::kError, "store_cannot_write",
                    {{"storage_full", IsStorageFull(written)}, {"error", std::string(written.message())}});
  }
}

bool CommitQueue::AwaitStop(absl::Duration at_most) {
  const auto gives_up = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || giving_up_; };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&gives_up), at_most);
}

// An error: nothing of the group was written. Savepoints, each of which copies the pages that its change touches, are taken in larger
// groups only once a change has failed.
absl::Status CommitQueue::Write(Group& group) {
  if (group.size() > 1) {
    const absl::Status status = WriteInTransaction(group, &CommitQueue::Apply);
    const bool change_failed = std::any_of(group.begin(), group.end(), [](const Entry& e) { return !e.status.ok(); });
    if (status.ok() || IsNotWritten(status) || !change_failed) return status;
  }
  const auto given_up = [&group] {
    return std::count_if(group.begin(), group.end(), [](const Entry& e) { return e.given_up; });
  };
  while (true) {
    const auto before = given_up();
    absl::Status status = WriteInTransaction(group, &CommitQueue::ApplyOrUndo);
    if (status.ok() || given_up() == before) return status;
  }
}

absl::Status CommitQueue::WriteInTransaction(Group& group, ApplyEntry apply) {
  absl::Status status = connection_->Step("BEGIN IMMEDIATE");
  for (Entry& entry : group) {
    if (entry.given_up) continue;
    entry.status = absl::OkStatus();
    if (status.ok()) status = (this->*apply)(entry);
  }
  if (status.ok()) status = connection_->Step("COMMIT");
  if (!status.ok() && connection_->InTransaction()) connection_->Run("ROLLBACK").IgnoreError();
  return status;
}

// Errors of these are the group's.
absl::Status CommitQueue::Apply(Entry& entry) { return entry.status = entry.change(*connection_); }

// The change's own error is kept in the entry.
absl::Status CommitQueue::ApplyOrUndo(Entry& entry) {
  RETURN_IF_ERROR(connection_->Step("SAVEPOINT change"));
  entry.status = entry.change(*connection_);
  if (entry.status.ok()) return connection_->Step("RELEASE change");
  if (IsNotWritten(entry.status)) return entry.status;
  if (!connection_->InTransaction()) {
    entry.given_up = true;
    return entry.status;
  }
  RETURN_IF_ERROR(connection_->Step("ROLLBACK TO change"));
  return connection_->Step("RELEASE change");
}

void CommitQueue::Tell(Group group, const absl::Status& written) {
  std::vector<Told> durable;
  for (Entry& entry : group) {
    const absl::Status& status = written.ok() ? entry.status : written;
    if (status.ok()) committed_.Add();
    if (entry.committed) entry.committed(status);
    if (!entry.durable) continue;
    if (status.ok()) {
      durable.push_back(std::move(entry.durable));
    } else {
      entry.durable(status);
    }
  }
  if (written.ok()) syncer_->Committed(log_pages_, std::move(durable));
}

void CommitQueue::FinishCheckpoint() {
  if (syncer_->in_doubt()) return;
  if (log_pages_ < tried_at_pages_) tried_at_pages_ = 0;  // the log has begun anew
  if (log_pages_ < kLogPages || log_pages_ - tried_at_pages_ < kTryAgainPages) return;
  if (log_pages_ < kMostLogPages) {
    if (log_pages_ - syncer_->moved_pages() > log_pages_ / 16) return;
    absl::MutexLock lock(&mutex_);
    if (!queue_.empty()) return;
  }
  tried_at_pages_ = log_pages_;
  Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

bool CommitQueue::Checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), "main", mode, nullptr, nullptr);
  if (IsErrorOfSync(code)) syncer_->SyncFailed(SqliteStatus(nullptr, code, "sync its files"));
  return code == SQLITE_OK;
}

// Gives the log's room back, and with it that of pages which hold nothing; unless a reader's snapshot needs the log. Ends the doubt after a
// sync that failed.
bool CommitQueue::EndLog(absl::Duration patience) {
  const bool in_doubt = syncer_->in_doubt();
  if (log_pages_ == 0 && !in_doubt) return false;
  if (in_doubt && !ForgetMovedPages(connection_->handle())) return false;
  sqlite3_busy_timeout(connection_->handle(), static_cast<int>(absl::ToInt64Milliseconds(patience)));
  const bool ended = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  sqlite3_busy_timeout(connection_->handle(), kBusyTimeoutMilliseconds);
  if (!ended) return false;
  log_pages_ = 0;
  if (in_doubt) syncer_->LogEnded();
  return true;
}

void CommitQueue::RegainRoom() {
  EndLog(absl::ZeroDuration());
  if (!reserve_.MakeIfThereIsRoom()) return;
  std::vector<absl::AnyInvocable<void()>> told;
  {
    absl::MutexLock lock(&mutex_);
    short_of_room_ = false;
    told.swap(awaiting_room_);
  }
  for (absl::AnyInvocable<void()>& tell : told) tell();
}

void CommitQueue::RestoreReserve() {
  if (short_of_room_) return RegainRoom();
  const absl::Time now = absl::Now();
  if (now - reserve_checked_ < kReserveInterval) return;
  reserve_checked_ = now;
  reserve_.MakeIfThereIsRoom();
}

}  // namespace trainyard
