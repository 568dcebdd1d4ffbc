#include "server/run/efficient_minibatch.h"

#include <algorithm>
#include <limits>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trainyard {
namespace {

constexpr size_t kSizes = 11;  // 1, 2, 4, ... 1,024
constexpr double kEfficient = 0.8;
constexpr absl::Duration kTimeInAll = absl::Milliseconds(200);
constexpr absl::Duration kTimeForOne = absl::Milliseconds(18);
constexpr int kStepsForOne = 50;

double SecondsOf(StepProbe& probe, int64_t size) {
  double best = std::numeric_limits<double>::infinity();
  const absl::Time begin = absl::Now();
  absl::Time last = begin;
  for (int step = 0; step < kStepsForOne && last - begin < kTimeForOne; ++step) {
    probe.Step(size);
    const absl::Time now = absl::Now();
    best = std::min(best, absl::ToDoubleSeconds(now - last));
    last = now;
  }
  return best;
}

}  // namespace

std::vector<double> MeasureStepSeconds(StepProbe& probe) {
  std::vector<double> seconds;
  const absl::Time begin = absl::Now();
  probe.Step(1);  // the first touches memory that the others find in place
  while (seconds.size() < kSizes && (seconds.size() < 2 || absl::Now() - begin < kTimeInAll)) {
    seconds.push_back(SecondsOf(probe, int64_t{1} << seconds.size()));
  }
  return seconds;
}

int64_t SmallestEfficientMinibatch(std::span<const double> step_seconds) {
  std::vector<double> seconds(step_seconds.begin(), step_seconds.end());
  while (seconds.size() < kSizes) {
    // Twice as many examples take what the last doubling added, twice.
    const size_t last = seconds.size() - 1;
    seconds.push_back(seconds[last] + 2 * std::max(seconds[last] - seconds[last - 1], 0.0));
  }
  const auto rate = [&](size_t k) {
    return static_cast<double>(int64_t{1} << k) / std::max(seconds[k], std::numeric_limits<double>::min());
  };
  size_t k = 0;
  while (k + 1 < kSizes && rate(k) < kEfficient * rate(kSizes - 1)) ++k;
  return int64_t{1} << k;
}

}  // namespace trainyard
