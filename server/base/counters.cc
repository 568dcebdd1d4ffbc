#include "server/base/counters.h"

#include <algorithm>

namespace trainyard {

void DurationHistogram::Observe(absl::Duration took) {
  const auto bucket = std::lower_bound(kUpperBounds.begin(), kUpperBounds.end(), absl::ToDoubleSeconds(took));
  counts_[static_cast<size_t>(bucket - kUpperBounds.begin())].Add();
  nanoseconds_.Add(absl::ToInt64Nanoseconds(took));
}

DurationHistogram::Reading DurationHistogram::Read() const {
  Reading reading;
  for (size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].value();
  reading.sum_seconds = static_cast<double>(nanoseconds_.value()) * 1e-9;
  return reading;
}

}  // namespace trainyard
