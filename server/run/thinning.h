// A long series as few points that look the same: of each bucket of steps the smallest and the largest value.

#ifndef TRAINYARD_SERVER_RUN_THINNING_H_
#define TRAINYARD_SERVER_RUN_THINNING_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace trainyard {

struct Point {
  int64_t step = 0;
  double value = 0;
};

// Takes the points of steps first_step .. last_step in order and keeps at most `max_points` of them, at least 4: all, if there are not
// more; else the minimum and the maximum of each of max_points / 2 buckets of equal length. NaN is neither: of a bucket with nothing else
// the first is kept.
class Thinner {
 public:
  Thinner(int64_t first_step, int64_t last_step, int max_points);

  void Add(Point point);

  // Ascending by step.
  std::vector<Point> Finish();

  // Whether points were left out; after Finish.
  bool thinned() const { return thinned_; }

 private:
  struct Bucket {
    std::optional<Point> minimum;
    std::optional<Point> maximum;
    std::optional<Point> not_a_number;
  };

  const int64_t first_step_;
  const int max_points_;
  int64_t bucket_steps_;
  std::vector<Bucket> buckets_;
  std::vector<Point> all_;  // while they are few
  int64_t count_ = 0;
  bool thinned_ = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_THINNING_H_
