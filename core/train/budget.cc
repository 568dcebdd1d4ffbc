#include "core/train/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr int64_t kMaxLimit = 1'000'000'000'000'000;

absl::Status CheckLimit(std::string_view field, const std::optional<int64_t>& limit) {
  if (limit.has_value() && (*limit < 1 || *limit > kMaxLimit)) {
    return FieldError(field, *limit, absl::StrCat("in 1..", kMaxLimit));
  }
  return absl::OkStatus();
}

int64_t SaturatingProduct(int64_t a, int64_t b) {
  return a > std::numeric_limits<int64_t>::max() / b ? std::numeric_limits<int64_t>::max() : a * b;
}

// Steps until `examples` were seen.
int64_t StepsFor(int64_t examples, const Epoch& epoch) {
  const int64_t whole_epochs = (examples - 1) / epoch.examples;
  const int64_t rest = examples - whole_epochs * epoch.examples;
  return whole_epochs * epoch.steps + (rest + epoch.minibatch_size - 1) / epoch.minibatch_size;
}

}  // namespace

BudgetOptions WithDefault(BudgetOptions options) {
  if (options == BudgetOptions()) options.epochs = kDefaultEpochs;
  return options;
}

absl::Status Validate(const BudgetOptions& options) {
  RETURN_IF_ERROR(CheckLimit("steps", options.steps));
  RETURN_IF_ERROR(CheckLimit("epochs", options.epochs));
  RETURN_IF_ERROR(CheckLimit("examples", options.examples));
  if (options.running_time.has_value() && *options.running_time <= absl::ZeroDuration()) {
    return FieldError("running_time", absl::FormatDuration(*options.running_time), "positive");
  }
  if (!options.target_metric.has_value()) return absl::OkStatus();
  if (!std::isfinite(options.target_metric->value)) {
    return FieldError("target_metric.value", options.target_metric->value, "finite");
  }
  BudgetOptions limits = options;
  limits.target_metric.reset();
  if (limits == BudgetOptions()) {
    return FieldError("target_metric", "alone",
                      "given with steps, epochs, examples or running_time: it may never be reached");
  }
  return absl::OkStatus();
}

std::optional<StepLimit> FirstLimit(const BudgetOptions& options, const Epoch& epoch) {
  std::optional<StepLimit> first;
  const auto consider = [&first](int64_t steps, StopReason reason) {
    if (!first.has_value() || steps < first->steps) first = StepLimit{steps, reason};
  };
  if (options.steps.has_value()) consider(*options.steps, StopReason::kSteps);
  if (options.epochs.has_value()) consider(SaturatingProduct(*options.epochs, epoch.steps), StopReason::kEpochs);
  if (options.examples.has_value()) consider(StepsFor(*options.examples, epoch), StopReason::kExamples);
  return first;
}

}  // namespace trainyard
