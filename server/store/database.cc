#include "server/store/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "server/store/schema.h"

namespace trainyard {
namespace {

// Checkpoints are the syncer's.
constexpr std::string_view kPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -8192";

constexpr std::string_view kStorageFailed = "STORAGE_FAILED";

bool IsErrorOfReading(int code) {
  return code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_DATA ||
         code == SQLITE_IOERR_CORRUPTFS;
}

}  // namespace

absl::Status StorageFull(std::string_view what) {
  return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                        AbslView(what), ": the disk is full; free space on it, or delete data sets or jobs")),
                    "STORAGE_FULL");
}

bool IsStorageFull(const absl::Status& status) {
  return absl::IsResourceExhausted(status) && ErrorReason(status) == "STORAGE_FULL";
}

bool IsNotWritten(const absl::Status& status) { return IsStorageFull(status) || ErrorReason(status) == kStorageFailed; }

absl::Status SqliteStatus(sqlite3* db, int code, std::string_view doing) {
  const std::string message =
      absl::StrCat("the store cannot ", AbslView(doing), ": ", db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_FULL:
      return StorageFull(message);
    case SQLITE_IOERR:
      if (db != nullptr && sqlite3_system_errno(db) == ENOSPC) return StorageFull(message);
      if (IsErrorOfReading(code)) return absl::InternalError(message);
      return WithReason(absl::InternalError(message), kStorageFailed);
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID) {
        return absl::AlreadyExistsError(message);
      }
      return absl::InternalError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(message);
    default:
      return absl::InternalError(message);
  }
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), home_(std::exchange(other.home_, nullptr)) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  if (home_ == nullptr) {
    sqlite3_finalize(statement_);
  } else {
    home_->push_back(statement_);
  }
}

Statement& Statement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindNull(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(statement_);
  return SqliteStatus(db, sqlite3_extended_errcode(db), "run a statement");
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenFile(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    absl::Status status = SqliteStatus(db, code, "open " + path);
    sqlite3_close_v2(db);
    return status;
  }
  std::unique_ptr<Connection> connection(new Connection(db));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyTimeoutMilliseconds);
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, OpenFile(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  RETURN_IF_ERROR(connection->SetUp());
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenForReading(const std::string& path) {
  // Read-only connections cannot share memory with those of a server.
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, OpenFile(path, SQLITE_OPEN_READWRITE));
  RETURN_IF_ERROR(connection->Run("PRAGMA query_only = ON"));
  RETURN_IF_ERROR(CheckVersion(*connection));
  return connection;
}

absl::Status Connection::SetUp() {
  ASSIGN_OR_RETURN(Statement pages, PrepareOnce("PRAGMA page_count"));
  ASSIGN_OR_RETURN(const bool found, pages.Step());
  // It counts only before the first table, and takes the write lock.
  if (found && pages.Int(0) == 0) RETURN_IF_ERROR(Run("PRAGMA auto_vacuum = INCREMENTAL"));
  sqlite3_reset(pages.statement_);
  RETURN_IF_ERROR(Run(kPragmas));
  return Migrate(*this);
}

Connection::~Connection() {
  for (auto& [text, statements] : idle_) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  sqlite3_close_v2(db_);
}

absl::StatusOr<sqlite3_stmt*> Connection::Compile(std::string_view sql, unsigned flags) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr);
  if (code != SQLITE_OK) return SqliteStatus(db_, code, "compile a statement");
  return statement;
}

absl::StatusOr<Statement> Connection::Prepare(std::string_view sql) {
  auto idle = idle_.find(sql);
  if (idle == idle_.end()) idle = idle_.emplace(sql, Statement::Idle()).first;
  Statement::Idle& statements = idle->second;
  if (statements.empty()) {
    ASSIGN_OR_RETURN(sqlite3_stmt * statement, Compile(sql, SQLITE_PREPARE_PERSISTENT));
    return Statement(statement, &statements);
  }
  sqlite3_stmt* const statement = statements.back();
  statements.pop_back();
  return Statement(statement, &statements);
}

absl::StatusOr<Statement> Connection::PrepareOnce(std::string_view sql) {
  ASSIGN_OR_RETURN(sqlite3_stmt * statement, Compile(sql, 0));
  return Statement(statement, nullptr);
}

absl::Status Connection::Run(std::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  return SqliteStatus(db_, code, "run a statement");
}

absl::Status Connection::Step(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  return statement.Step().status();
}

absl::StatusOr<int64_t> Connection::CountFreePages() {
  ASSIGN_OR_RETURN(Statement count, Prepare("PRAGMA freelist_count"));
  ASSIGN_OR_RETURN(const bool found, count.Step());
  return found ? count.Int(0) : 0;
}

absl::StatusOr<int64_t> Connection::ReleaseFreePages(int64_t at_most) {
  ASSIGN_OR_RETURN(const int64_t before, CountFreePages());
  if (before == 0 || at_most <= 0) return 0;  // to SQLite 0 means all
  RETURN_IF_ERROR(Run(absl::StrCat("PRAGMA incremental_vacuum(", at_most, ")")));
  ASSIGN_OR_RETURN(const int64_t after, CountFreePages());
  return before - after;
}

int64_t Connection::Changes() const { return sqlite3_changes64(db_); }

bool Connection::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

}  // namespace trainyard
