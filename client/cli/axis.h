// Scales of charts: from values to positions, and the round numbers that label them.

#ifndef TRAINYARD_CLIENT_CLI_AXIS_H_
#define TRAINYARD_CLIENT_CLI_AXIS_H_

#include <vector>

namespace trainyard::cli {

// Linear, or logarithmic where all values are positive and span more than a factor of 20.
class Axis {
 public:
  // Finite, low <= high. Where they are equal but for rounding the range is widened around them.
  Axis(double low, double high);

  // 0 at the low end, 1 at the high end, beyond them outside.
  double Position(double value) const;

  // Round values within the range, ascending, whose positions lie at least `distance` (> 0) apart; the two ends where
  // fewer than two are that round.
  std::vector<double> Ticks(double distance) const;

  bool logarithmic() const { return logarithmic_; }

 private:
  std::vector<double> LinearTicks(double distance) const;
  std::vector<double> LogarithmicTicks(double distance) const;

  double low_;
  double high_;
  bool logarithmic_;
};

// 1, 2 or 5 times a power of ten, the smallest that is at least `value` (> 0).
double RoundUp(double value);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_AXIS_H_
