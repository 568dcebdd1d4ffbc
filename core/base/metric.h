// What can be measured on a part of the data: the surrogate loss, and the true losses that it stands in for.

#ifndef TRAINYARD_CORE_BASE_METRIC_H_
#define TRAINYARD_CORE_BASE_METRIC_H_

#include <string_view>

namespace trainyard {

// kLoss: the surrogate loss itself, with the examples' weights. The others are plain means over examples, or counts; the formulas stand
// in the contract.
enum class Metric {
  kLoss,
  kAccuracy,
  kZeroOneError,
  kLogLoss,
  kRmse,
  kTopKAccuracy,
  kMacroF1,
  kAuc,
  kMae,
  kR2,
};

// Every one of them, in the order of the contract.
inline constexpr Metric kAllMetrics[] = {
    Metric::kLoss,         Metric::kAccuracy, Metric::kZeroOneError, Metric::kLogLoss, Metric::kRmse,
    Metric::kTopKAccuracy, Metric::kMacroF1,  Metric::kAuc,          Metric::kMae,     Metric::kR2,
};

// Whether a larger value is a better one.
bool LargerIsBetter(Metric metric);

// `zero_one_error`, as the last part of the enum value's name in the contract.
std::string_view Name(Metric metric);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_METRIC_H_
