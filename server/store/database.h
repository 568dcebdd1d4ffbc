// The one SQLite database of a server: its schema, its pragmas, and statements as values.

#ifndef TRAINYARD_SERVER_STORE_DATABASE_H_
#define TRAINYARD_SERVER_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace trainyard {

// A prepared statement, reset when it goes out of scope and kept by its connection for the next time.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  ~Statement();

  // Parameters, from 1. Texts and blobs must live until the statement is reset.
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);

  // True: a row is there. False: no more rows. RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full. ALREADY_EXISTS: a unique key.
  absl::StatusOr<bool> Step();

  // Columns of the current row, from 0; views are valid until the next Step.
  int64_t Int(int column) const;
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Connection;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
};

// One connection; used by one thread at a time.
class Connection {
 public:
  // Opens the database at `path` and brings its schema up to date. FAILED_PRECONDITION (STORE_IS_NEWER): written by a later version.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path);
  ~Connection();

  // `sql` is prepared once.
  absl::StatusOr<Statement> Prepare(std::string_view sql);

  // For statements without parameters and rows.
  absl::Status Run(std::string_view sql);

  sqlite3* handle() { return db_; }

 private:
  struct Statements;
  explicit Connection(sqlite3* db);
  sqlite3* db_;
  std::unique_ptr<Statements> statements_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_DATABASE_H_
