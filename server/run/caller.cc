#include "server/run/caller.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {

absl::Status CheckQuota(const Caller& caller, std::string_view name, const std::optional<int64_t>& quota, int64_t used,
                        int64_t wanted, std::string_view what, std::string_view advice) {
  // `wanted` may be as large as a number can be.
  if (!quota.has_value() || wanted <= *quota - used) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("the quota of ", caller.name, " is ", *quota, " ", AbslView(what), "; ", used,
                                     " are in use, and this needs ", wanted, " more; ", AbslView(advice))),
                    "QUOTA_EXCEEDED",
                    {{"quota", std::string(name)}, {"limit", absl::StrCat(*quota)}, {"used", absl::StrCat(used)}});
}

}  // namespace trainyard
