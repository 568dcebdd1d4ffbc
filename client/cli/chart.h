// Curves drawn with braille characters, two columns and four rows of dots in each character.

#ifndef TRAINYARD_CLIENT_CLI_CHART_H_
#define TRAINYARD_CLIENT_CLI_CHART_H_

#include <string>
#include <vector>

#include "client/cli/curve.h"
#include "client/cli/styled_text.h"

namespace trainyard::cli {

struct ChartSeries {
  const Curve* curve;
  Ink ink = Ink::kTraining;

  // Fill between the smallest and the largest value of each dot's width, where that is less than the whole plot.
  bool shadow = false;

  // A `•` at each point: what tells series apart where there are no colours.
  bool marks = false;
};

struct Chart {
  std::vector<StyledLine> lines;
  bool logarithmic = false;
};

// `width` columns (at least 20) and `height` lines (at least 4), the axes with their numbers among them. Steps run from
// 0 to the last one. Each series is a line through its means, of one character's width each; later series lie over
// earlier ones.
Chart DrawChart(const std::vector<ChartSeries>& series, int width, int height);

// One line of `width` bars, `▁` to `█`, each the mean of its share of the steps; blank where there is none.
std::string DrawSparkline(const Curve& curve, int width);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CHART_H_
