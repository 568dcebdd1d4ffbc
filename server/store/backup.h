// A copy of a store, made while a server may use it: a folder on which a server can be started.
//
// The database is copied as of one moment, and each file that it names at that moment is there: files never change once they have their
// name, so they become links where both folders are on one file system, and copies elsewhere.

#ifndef TRAINYARD_SERVER_STORE_BACKUP_H_
#define TRAINYARD_SERVER_STORE_BACKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

struct Backup {
  int64_t database_bytes = 0;
  int64_t files = 0;
  int64_t file_bytes = 0;

  // Named by the database, and not in the store either.
  std::vector<std::string> missing;
};

// Copies the store in `data_directory` to `target`, which appears whole or not at all, and survives the death of the machine.
// ALREADY_EXISTS: `target` is there. FAILED_PRECONDITION: there is no store, or another version of the server wrote it
// (STORE_IS_NEWER, STORE_IS_OLDER). RESOURCE_EXHAUSTED (STORAGE_FULL): no room.
absl::StatusOr<Backup> BackUp(const std::string& data_directory, const std::string& target);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_BACKUP_H_
