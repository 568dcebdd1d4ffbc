#include "server/run/thinning.h"

#include <algorithm>
#include <cmath>

namespace trainyard {

Thinner::Thinner(int64_t first_step, int64_t last_step, int max_points)
    : first_step_(first_step), max_points_(max_points) {
  const int64_t steps = std::max<int64_t>(last_step - first_step + 1, 1);
  const int64_t bucket_count = std::min<int64_t>(max_points / 2, steps);
  bucket_steps_ = (steps + bucket_count - 1) / bucket_count;
  buckets_.resize(bucket_count);
}

void Thinner::Add(Point point) {
  ++count_;
  if (count_ <= max_points_) all_.push_back(point);
  Bucket& bucket = buckets_[std::min<size_t>((point.step - first_step_) / bucket_steps_, buckets_.size() - 1)];
  if (std::isnan(point.value)) {
    if (!bucket.not_a_number.has_value()) bucket.not_a_number = point;
    return;
  }
  if (!bucket.minimum.has_value() || point.value < bucket.minimum->value) bucket.minimum = point;
  if (!bucket.maximum.has_value() || point.value > bucket.maximum->value) bucket.maximum = point;
}

std::vector<Point> Thinner::Finish() {
  thinned_ = count_ > max_points_;
  if (!thinned_) return std::move(all_);
  std::vector<Point> points;
  for (const Bucket& bucket : buckets_) {
    if (!bucket.minimum.has_value()) {
      if (bucket.not_a_number.has_value()) points.push_back(*bucket.not_a_number);
      continue;
    }
    const bool minimum_first = bucket.minimum->step <= bucket.maximum->step;
    points.push_back(minimum_first ? *bucket.minimum : *bucket.maximum);
    if (bucket.minimum->step != bucket.maximum->step)
      points.push_back(minimum_first ? *bucket.maximum : *bucket.minimum);
  }
  return points;
}

}  // namespace trainyard
