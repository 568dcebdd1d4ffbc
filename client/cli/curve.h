// A series over a run of any length in bounded memory.

#ifndef TRAINYARD_CLIENT_CLI_CURVE_H_
#define TRAINYARD_CLIENT_CLI_CURVE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace trainyard::cli {

// Neighbouring points in one.
struct CurveBucket {
  int64_t first_step;
  int64_t last_step;
  double mean;
  double minimum;
  double maximum;
  int64_t count;
};

// Points come by rising step; those that are not finite are left out. When all buckets are full, neighbours are merged
// in pairs and buckets hold twice as many points from then on.
class Curve {
 public:
  // An even number, at least 2.
  explicit Curve(size_t capacity = 4096) : capacity_(capacity) {}

  void Add(int64_t step, double value);

  // Forgets the points from `step` on, whole buckets at a time: for a run that went back.
  void CutFrom(int64_t step);

  const std::vector<CurveBucket>& buckets() const { return buckets_; }
  bool empty() const { return buckets_.empty(); }

  // The last point added that was finite; 0 where there is none.
  double last() const { return last_; }

 private:
  const size_t capacity_;
  int64_t points_in_bucket_ = 1;
  std::vector<CurveBucket> buckets_;
  double last_ = 0;
};

// Two buckets, the second later than the first, in one.
CurveBucket Merged(const CurveBucket& a, const CurveBucket& b);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CURVE_H_
