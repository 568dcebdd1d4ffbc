// Who makes a call, and how much of the server that caller may have at a time.

#ifndef TRAINYARD_SERVER_RUN_CALLER_H_
#define TRAINYARD_SERVER_RUN_CALLER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trainyard {

// nullopt: as much as the server gives to all.
struct Quotas {
  std::optional<int64_t> jobs;          // that have not ended
  std::optional<int64_t> upload_bytes;  // of all open uploads, as they were declared
  std::optional<int64_t> watchers;
};

struct Caller {
  std::string name;  // empty: the server asks nobody for a name
  Quotas quotas;
};

// RESOURCE_EXHAUSTED (QUOTA_EXCEEDED) where `used` and `wanted` together are above `quota`. The details carry `quota` (its name), `limit`
// and `used`; `what` names the units, `advice` says how to use less.
absl::Status CheckQuota(const Caller& caller, std::string_view name, const std::optional<int64_t>& quota, int64_t used,
                        int64_t wanted, std::string_view what, std::string_view advice);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_CALLER_H_
