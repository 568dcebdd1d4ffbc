// The tables of the store, and how a database of an earlier version becomes one of this version.

#ifndef TRAINYARD_SERVER_STORE_SCHEMA_H_
#define TRAINYARD_SERVER_STORE_SCHEMA_H_

#include "absl/status/status.h"
#include "server/store/database.h"

namespace trainyard {

// Applies the migrations that the database has not seen, all or none. FAILED_PRECONDITION (STORE_IS_NEWER): it has seen more than there
// are.
absl::Status Migrate(Connection& connection);

// FAILED_PRECONDITION (STORE_IS_NEWER, STORE_IS_OLDER): the database has seen more or fewer migrations than there are.
absl::Status CheckVersion(Connection& connection);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_SCHEMA_H_
