#include "core/loss/area_under_roc.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace trainyard {
namespace {

bool HasNan(std::span<const double> scores) {
  return std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
}

}  // namespace

double AreaUnderRoc(std::span<double> positives, std::span<double> negatives) {
  const bool undefined = positives.empty() || negatives.empty() || HasNan(positives) || HasNan(negatives);
  if (undefined) return std::numeric_limits<double>::quiet_NaN();
  std::sort(positives.begin(), positives.end());
  std::sort(negatives.begin(), negatives.end());
  // Pairs that the positive wins count 2, ties 1.
  uint64_t points = 0;
  size_t less = 0;       // negatives below the positive
  size_t not_above = 0;  // negatives below or equal
  for (const double score : positives) {
    while (less < negatives.size() && negatives[less] < score) ++less;
    while (not_above < negatives.size() && negatives[not_above] <= score) ++not_above;
    points += less + not_above;
  }
  const double pairs = static_cast<double>(positives.size()) * static_cast<double>(negatives.size());
  return static_cast<double>(points) / 2 / pairs;
}

}  // namespace trainyard
