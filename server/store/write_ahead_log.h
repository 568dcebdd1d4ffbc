// What SQLite does not offer for its write-ahead log: to move it into the database once more.

#ifndef TRAINYARD_SERVER_STORE_WRITE_AHEAD_LOG_H_
#define TRAINYARD_SERVER_STORE_WRITE_AHEAD_LOG_H_

#include <cstdint>

struct sqlite3;

namespace trainyard {

// The size of the log's file, in pages of the database: of a former process's log as well.
int64_t LogFilePages(sqlite3* db);

// Makes the next checkpoint move the whole log, as the first one after a restart does, and not only what no checkpoint has moved; until
// then what the log has is read from it. Outside transactions of `db`. False: another connection writes, or moves the log.
bool ForgetMovedPages(sqlite3* db);

// Whether this result of a checkpoint says that a sync has failed, of the log or of the database.
bool IsErrorOfSync(int code);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_WRITE_AHEAD_LOG_H_
