#include "client/cli/axis.h"

#include <algorithm>
#include <cmath>

namespace trainyard::cli {
namespace {

constexpr double kLogarithmicFrom = 20;

// Of the values themselves: below it, differences are rounding.
constexpr double kSmallestSpan = 1e-9;

}  // namespace

double RoundUp(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

Axis::Axis(double low, double high) : low_(low), high_(high), logarithmic_(low > 0 && high > kLogarithmicFrom * low) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (high_ - low_ > kSmallestSpan * magnitude) return;
  const double margin = magnitude == 0 ? 1 : magnitude / 2;
  low_ -= margin;
  high_ += margin;
}

double Axis::Position(double value) const {
  if (!logarithmic_) return value / (high_ - low_) - low_ / (high_ - low_);
  if (value <= 0) return -1;
  return std::log(value / low_) / std::log(high_ / low_);
}

std::vector<double> Axis::Ticks(double distance) const {
  std::vector<double> ticks = logarithmic_ ? LogarithmicTicks(distance) : LinearTicks(distance);
  if (ticks.size() < 2) ticks = {low_, high_};
  return ticks;
}

std::vector<double> Axis::LinearTicks(double distance) const {
  const double step = RoundUp((high_ - low_) * std::min(distance, 1.0));
  const double slack = (high_ - low_) * 1e-9;
  const double first = std::ceil((low_ - slack) / step) * step;
  std::vector<double> ticks;
  for (int i = 0; first + i * step <= high_ + slack; ++i) ticks.push_back(first + i * step);
  return ticks;
}

std::vector<double> Axis::LogarithmicTicks(double distance) const {
  std::vector<double> ticks;
  const auto add = [&](double tick) {
    const double position = Position(tick);
    if (position < -1e-9 || position > 1 + 1e-9) return;
    const bool close = std::any_of(ticks.begin(), ticks.end(),
                                   [&](double other) { return std::abs(Position(other) - position) < distance; });
    if (!close) ticks.push_back(tick);
  };
  // Powers of ten before their halves and fifths.
  for (const double factor : {1.0, 5.0, 2.0}) {
    for (double exponent = std::floor(std::log10(low_)); exponent <= std::ceil(std::log10(high_)); ++exponent) {
      add(factor * std::pow(10.0, exponent));
    }
  }
  std::sort(ticks.begin(), ticks.end());
  return ticks;
}

}  // namespace trainyard::cli
