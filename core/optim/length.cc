#include "core/optim/length.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr double kMaxSteps = 1e15;
constexpr double kRoundingErrors = 1e-12;  // 0.07 epochs of 100 steps are 7 steps, but 0.07 * 100 > 7

}  // namespace

absl::Status Validate(const Length& length, std::string_view prefix) {
  if (const auto* steps = std::get_if<Steps>(&length)) {
    if (steps->count < 1) return FieldError(absl::StrCat(AbslView(prefix), "steps"), steps->count, "at least 1");
    return absl::OkStatus();
  }
  const double epochs = std::get<Epochs>(length).count;
  if (epochs > 0 && std::isfinite(epochs)) return absl::OkStatus();
  return FieldError(absl::StrCat(AbslView(prefix), "epochs"), epochs, "positive and finite");
}

int64_t InSteps(const Length& length, int64_t steps_per_epoch) {
  if (const auto* steps = std::get_if<Steps>(&length)) return steps->count;
  const double steps = std::get<Epochs>(length).count * static_cast<double>(steps_per_epoch);
  return static_cast<int64_t>(std::clamp(std::ceil(steps * (1 - kRoundingErrors)), 1.0, kMaxSteps));
}

}  // namespace trainyard
