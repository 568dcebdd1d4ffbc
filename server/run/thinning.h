// A long series as few points that look the same: of each bucket of steps the smallest and the largest value.

#ifndef TRAINYARD_SERVER_RUN_THINNING_H_
#define TRAINYARD_SERVER_RUN_THINNING_H_

#include <cstdint>
#include <vector>

#include "server/store/metric_summary.h"

namespace trainyard {

struct Point {
  int64_t step = 0;
  double value = 0;
};

// Which steps are wanted, at least one, from 0 on; and of each series at most so many points, at least 4.
struct ThinningPlan {
  int64_t first_step = 0;
  int64_t last_step = 0;
  int max_points = 4;

  // The coarsest level of summaries that has two cells or more for each bucket; 0: none has. What buckets consist of.
  int Level() const;
};

// Takes the points of the plan's steps in order and keeps at most `max_points` of them: all, if there are not more; else the minimum and
// the maximum of each of max_points / 2 buckets. Buckets are runs of whole cells of the plan's level, single steps at level 0, and differ
// by one cell at most. NaN is neither minimum nor maximum: of a bucket with nothing else the first is kept.
class Thinner {
 public:
  explicit Thinner(const ThinningPlan& plan);

  void Add(Point point);

  // Adds points, all of them of one cell of the plan's level or a finer one, whose first step is this one.
  void Add(int64_t cell_step, const Extrema& extrema);

  // False: all points are to be kept and some were not given as such; they have to be added again, one by one.
  bool complete() const { return points_given_ == count_ || count_ > plan_.max_points; }

  // Ascending by step. Once, where complete.
  std::vector<Point> Finish();

  // Whether points were left out; after Finish.
  bool thinned() const { return thinned_; }

 private:
  struct Bucket {
    Point minimum;
    Point maximum;
    bool empty = true;
  };

  // Both of one bucket, which they widen.
  void Widen(Point minimum, Point maximum);
  Bucket& BucketOf(int64_t step);

  const ThinningPlan plan_;
  const int64_t cell_steps_;
  const int64_t first_cell_;
  const int64_t cells_;
  std::vector<Bucket> buckets_;
  std::vector<Point> all_;  // while they are few
  int64_t points_given_ = 0;
  int64_t count_ = 0;
  bool thinned_ = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_THINNING_H_
