#include "client/cli/curve.h"

#include <algorithm>
#include <cmath>

namespace trainyard::cli {

CurveBucket Merged(const CurveBucket& a, const CurveBucket& b) {
  const auto count = static_cast<double>(a.count + b.count);
  // Weights before the product: a sum of large values may overflow where their mean does not.
  const double mean = a.mean * (static_cast<double>(a.count) / count) + b.mean * (static_cast<double>(b.count) / count);
  const double minimum = std::min(a.minimum, b.minimum);
  const double maximum = std::max(a.maximum, b.maximum);
  // Rounding does not carry the mean of equal values away from them.
  return {a.first_step, b.last_step, std::clamp(mean, minimum, maximum), minimum, maximum, a.count + b.count};
}

void Curve::Add(int64_t step, double value) {
  if (!std::isfinite(value)) return;
  last_ = value;
  const CurveBucket point = {step, step, value, value, value, 1};
  if (!buckets_.empty() && buckets_.back().count < points_in_bucket_) {
    buckets_.back() = Merged(buckets_.back(), point);
    return;
  }
  if (buckets_.size() == capacity_) {
    for (size_t i = 0; i < capacity_ / 2; ++i) buckets_[i] = Merged(buckets_[2 * i], buckets_[2 * i + 1]);
    buckets_.resize(capacity_ / 2);
    points_in_bucket_ *= 2;
  }
  buckets_.push_back(point);
}

void Curve::CutFrom(int64_t step) {
  while (!buckets_.empty() && buckets_.back().last_step >= step) buckets_.pop_back();
}

}  // namespace trainyard::cli
