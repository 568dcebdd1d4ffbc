// The one SQLite database of a server: its schema, its pragmas, and statements as values.

#ifndef TRAINYARD_SERVER_STORE_DATABASE_H_
#define TRAINYARD_SERVER_STORE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace trainyard {

// A prepared statement, reset when it goes out of scope and kept by its connection for the next time. Must not outlive its connection.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  ~Statement();

  // Parameters, from 1. Texts and blobs must live until the statement is reset.
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);

  // True: a row is there. False: no more rows. RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full. INTERNAL (STORAGE_FAILED): it does not
  // write. ALREADY_EXISTS: a unique key.
  absl::StatusOr<bool> Step();

  // Columns of the current row, from 0; views are valid until the next Step.
  int64_t Int(int column) const;
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Connection;
  using Idle = std::vector<sqlite3_stmt*>;
  Statement(sqlite3_stmt* statement, Idle* home) : statement_(statement), home_(home) {}

  sqlite3_stmt* statement_;
  Idle* home_;  // where it waits for its next use; null: it is used once
};

// One connection; used by one thread at a time.
class Connection {
 public:
  // Opens the database at `path` and brings its schema up to date. FAILED_PRECONDITION (STORE_IS_NEWER): written by a later version.
  // RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path);

  // Opens a database that is there, of just this version, and changes nothing in it, so that a server may use it meanwhile.
  // FAILED_PRECONDITION (STORE_IS_NEWER, STORE_IS_OLDER): of another version.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenForReading(const std::string& path);
  ~Connection();

  // `sql`, a constant, is compiled once and kept.
  absl::StatusOr<Statement> Prepare(std::string_view sql);

  // For texts that are composed: nothing is kept.
  absl::StatusOr<Statement> PrepareOnce(std::string_view sql);

  // For statements without parameters and rows. Run compiles the text each time and takes several statements, Step keeps one.
  absl::Status Run(std::string_view sql);
  absl::Status Step(std::string_view sql);

  // Gives at most so many of the pages that hold nothing back to the disk, and returns how many; the file becomes shorter when the log is
  // next moved into it to its end. What is left is used by new rows.
  absl::StatusOr<int64_t> ReleaseFreePages(int64_t at_most);

  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t Changes() const;

  // False once SQLite has rolled a transaction back by itself, as it does on a full disk.
  bool InTransaction() const;

  sqlite3* handle() { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  static absl::StatusOr<std::unique_ptr<Connection>> OpenFile(const std::string& path, int flags);
  absl::Status SetUp();
  absl::StatusOr<int64_t> CountFreePages();
  absl::StatusOr<sqlite3_stmt*> Compile(std::string_view sql, unsigned flags);

  sqlite3* const db_;
  std::map<std::string, Statement::Idle, std::less<>> idle_;  // by text
};

// For which a connection waits for another's lock.
inline constexpr int kBusyTimeoutMilliseconds = 10000;

// What a result code of `db` means as a status; `doing` completes "the store cannot ...".
absl::Status SqliteStatus(sqlite3* db, int code, std::string_view doing);

// RESOURCE_EXHAUSTED with reason STORAGE_FULL.
absl::Status StorageFull(std::string_view what);
bool IsStorageFull(const absl::Status& status);

// Whether the disk, full or broken, has not written: what was to be written may be tried again as it is.
bool IsNotWritten(const absl::Status& status);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_DATABASE_H_
