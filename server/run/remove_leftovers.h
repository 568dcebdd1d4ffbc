// Files that nothing in the catalogue names: a server died between writing one and telling of it, or between forgetting one and removing it.

#ifndef TRAINYARD_SERVER_RUN_REMOVE_LEFTOVERS_H_
#define TRAINYARD_SERVER_RUN_REMOVE_LEFTOVERS_H_

#include "absl/status/status.h"
#include "server/store/blobs.h"
#include "server/store/catalogue.h"

namespace trainyard {

// Removes them; while nobody writes blobs or uploads. An error, of reading or of removing, leaves what is left for the next time.
absl::Status RemoveLeftovers(const Catalogue& catalogue, const Blobs& blobs);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_REMOVE_LEFTOVERS_H_
