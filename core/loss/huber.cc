#include "core/loss/huber.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const HuberOptions& options) {
  if (options.delta > 0 && std::isfinite(options.delta)) return absl::OkStatus();
  return FieldError("huber.delta", options.delta, "positive and finite");
}

}  // namespace trainyard
