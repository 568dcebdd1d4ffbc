#include "core/loss/quantile.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const QuantileOptions& options) {
  if (options.quantile > 0 && options.quantile < 1) return absl::OkStatus();
  return FieldError("quantile.quantile", options.quantile, "in (0, 1)");
}

}  // namespace trainyard
