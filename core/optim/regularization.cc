#include "core/optim/regularization.h"

#include <cmath>
#include <string_view>

#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status CheckFactor(std::string_view field, double factor) {
  if (factor >= 0 && std::isfinite(factor)) return absl::OkStatus();
  return FieldError(field, factor, "at least 0 and finite");
}

}  // namespace

absl::Status Validate(const RegularizationOptions& options) {
  RETURN_IF_ERROR(CheckFactor("l2", options.l2));
  RETURN_IF_ERROR(CheckFactor("l1", options.l1));
  return CheckFactor("weight_decay", options.weight_decay);
}

}  // namespace trainyard
