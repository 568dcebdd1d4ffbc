#include "server/run/thinning.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace trainyard {

int ThinningPlan::Level() const {
  const int64_t steps = last_step - first_step + 1;
  int level = kCoarsestLevel;
  while (level > 0 && steps / CellSteps(level) < int64_t{2} * (max_points / 2)) --level;
  return level;
}

Thinner::Thinner(const ThinningPlan& plan)
    : plan_(plan),
      cell_steps_(plan.Level() == 0 ? 1 : CellSteps(plan.Level())),
      first_cell_(plan.first_step / cell_steps_),
      cells_(plan.last_step / cell_steps_ - first_cell_ + 1),
      buckets_(std::min<int64_t>(plan.max_points / 2, cells_)) {}

Thinner::Bucket& Thinner::BucketOf(int64_t step) {
  const int64_t cell = step / cell_steps_ - first_cell_;
  return buckets_[cell * static_cast<int64_t>(buckets_.size()) / cells_];
}

void Thinner::Widen(Point minimum, Point maximum) {
  Bucket& bucket = BucketOf(minimum.step);
  if (bucket.empty || (std::isnan(bucket.minimum.value) && !std::isnan(minimum.value))) {
    bucket = {minimum, maximum, false};
    return;
  }
  if (minimum.value < bucket.minimum.value) bucket.minimum = minimum;
  if (maximum.value > bucket.maximum.value) bucket.maximum = maximum;
}

void Thinner::Add(Point point) {
  ++count_;
  ++points_given_;
  if (count_ <= plan_.max_points) all_.push_back(point);
  Widen(point, point);
}

void Thinner::Add(int64_t cell_step, const Extrema& extrema) {
  if (extrema.count == 0) return;
  count_ += extrema.count;
  Widen({cell_step + extrema.minimum_offset, extrema.minimum}, {cell_step + extrema.maximum_offset, extrema.maximum});
}

std::vector<Point> Thinner::Finish() {
  thinned_ = count_ > plan_.max_points;
  if (!thinned_) return std::move(all_);
  std::vector<Point> points;
  points.reserve(2 * buckets_.size());
  for (const Bucket& bucket : buckets_) {
    if (bucket.empty) continue;
    const bool minimum_first = bucket.minimum.step <= bucket.maximum.step;
    points.push_back(minimum_first ? bucket.minimum : bucket.maximum);
    if (bucket.minimum.step != bucket.maximum.step) points.push_back(minimum_first ? bucket.maximum : bucket.minimum);
  }
  return points;
}

}  // namespace trainyard
