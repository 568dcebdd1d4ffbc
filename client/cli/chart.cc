#include "client/cli/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/str_format.h"
#include "client/cli/axis.h"
#include "client/cli/braille.h"
#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

// A curve in equal shares of the steps 0..last_step; shares without a point are absent.
std::vector<std::optional<CurveBucket>> Shares(const Curve& curve, int64_t last_step, int count) {
  std::vector<std::optional<CurveBucket>> shares(static_cast<size_t>(count));
  for (const CurveBucket& bucket : curve.buckets()) {
    const double middle = 0.5 * (static_cast<double>(bucket.first_step) + static_cast<double>(bucket.last_step));
    const auto index = static_cast<size_t>(middle / (static_cast<double>(last_step) + 1) * count);
    std::optional<CurveBucket>& share = shares[std::min(index, shares.size() - 1)];
    share = share.has_value() ? Merged(*share, bucket) : bucket;
  }
  return shares;
}

int64_t LastStep(const std::vector<ChartSeries>& series) {
  int64_t last = 1;
  for (const ChartSeries& one : series) {
    if (!one.curve->empty()) last = std::max(last, one.curve->buckets().back().last_step);
  }
  return last;
}

class Plot {
 public:
  Plot(int width, int height, const Axis& axis, int64_t last_step)
      : canvas_(width, height), width_(width), axis_(axis), last_step_(last_step) {}

  void Draw(const ChartSeries& series) {
    if (series.shadow) DrawShadow(*series.curve);
    std::optional<CurveBucket> previous;
    for (const std::optional<CurveBucket>& share : Shares(*series.curve, last_step_, width_)) {
      if (!share.has_value()) continue;
      const CurveBucket from = previous.value_or(*share);
      canvas_.Line(X(from), Y(from.mean), X(*share), Y(share->mean), series.ink);
      previous = share;
    }
  }

  void DrawMarks(const ChartSeries& series) {
    for (const CurveBucket& bucket : series.curve->buckets()) canvas_.Mark(X(bucket), Y(bucket.mean), "•", series.ink);
  }

  StyledLine Row(int row) const { return canvas_.Row(row); }

 private:
  void DrawShadow(const Curve& curve) {
    const std::vector<std::optional<CurveBucket>> shares = Shares(curve, last_step_, canvas_.dots_wide());
    for (size_t x = 0; x < shares.size(); ++x) {
      if (!shares[x].has_value()) continue;
      // A band as high as the plot says nothing.
      if (Y(shares[x]->maximum) <= 0 && Y(shares[x]->minimum) >= canvas_.dots_high() - 1) continue;
      const int top = std::max(Y(shares[x]->maximum), 0);
      const int bottom = std::min(Y(shares[x]->minimum), canvas_.dots_high() - 1);
      // Every other dot, so that the band stays lighter than the line in it.
      for (int y = top + (top + static_cast<int>(x)) % 2; y <= bottom; y += 2) {
        canvas_.BackgroundDot(static_cast<int>(x), y);
      }
    }
  }

  int X(const CurveBucket& bucket) const {
    const double middle = 0.5 * (static_cast<double>(bucket.first_step) + static_cast<double>(bucket.last_step));
    return static_cast<int>(std::lround(middle / static_cast<double>(last_step_) * (canvas_.dots_wide() - 1)));
  }

  int Y(double value) const {
    const double height = canvas_.dots_high() - 1;
    return static_cast<int>(std::lround(std::clamp((1 - axis_.Position(value)) * height, -1e6, 1e6)));
  }

  BrailleCanvas canvas_;
  const int width_;
  const Axis& axis_;
  const int64_t last_step_;
};

Axis ValueAxis(const std::vector<ChartSeries>& series, int64_t last_step, int columns) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const ChartSeries& one : series) {
    for (const std::optional<CurveBucket>& share : Shares(*one.curve, last_step, columns)) {
      if (!share.has_value()) continue;
      low = std::min(low, share->mean);
      high = std::max(high, share->mean);
    }
  }
  return low <= high ? Axis(low, high) : Axis(0, 1);
}

// Labels by row of the plot.
std::vector<std::string> ValueLabels(const Axis& axis, int height) {
  std::vector<std::string> labels(static_cast<size_t>(height));
  for (const double tick : axis.Ticks(2.0 / height)) {
    const auto row = static_cast<size_t>(std::lround((1 - axis.Position(tick)) * (4 * height - 1))) / 4;
    labels[std::min(row, labels.size() - 1)] = absl::StrFormat("%.3g", tick == 0 ? 0.0 : tick);
  }
  return labels;
}

// The two lines below the plot; `margin` columns (at least 5) stand left of the axis.
std::array<StyledLine, 2> StepAxis(int64_t last_step, int margin, int width) {
  std::vector<std::string> rule(static_cast<size_t>(width), "─");
  std::string numbers(static_cast<size_t>(margin) + 1 + static_cast<size_t>(width), ' ');
  numbers.replace(0, 4, "step");
  const double label_width = static_cast<double>(CountText(last_step).size()) + 3;
  const double step = std::max(1.0, RoundUp(static_cast<double>(last_step) * std::min(1.0, label_width / width)));
  for (double tick = 0; tick <= static_cast<double>(last_step); tick += step) {
    const auto column = static_cast<size_t>(std::lround(tick / static_cast<double>(last_step) * (2 * width - 1))) / 2;
    const std::string label = CountText(static_cast<int64_t>(tick));
    rule[column] = "┬";
    const size_t middle = static_cast<size_t>(margin) + 1 + column;
    const size_t begin = std::min(middle - std::min(middle, label.size() / 2), numbers.size() - label.size());
    numbers.replace(begin, label.size(), label);
  }
  StyledLine line(std::string(static_cast<size_t>(margin), ' ') + "└", Ink::kFaint);
  for (const std::string& glyph : rule) line.Add(glyph, Ink::kFaint);
  return {line, StyledLine(numbers, Ink::kFaint)};
}

}  // namespace

Chart DrawChart(const std::vector<ChartSeries>& series, int width, int height) {
  const int rows = height - 2;
  const int64_t last_step = LastStep(series);
  // Means over one column each need the number of columns, which labels take from: their usual width will do.
  const Axis axis = ValueAxis(series, last_step, width - 8);
  const std::vector<std::string> labels = ValueLabels(axis, rows);
  size_t margin = 4;
  for (const std::string& label : labels) margin = std::max(margin, label.size());
  const int columns = width - static_cast<int>(margin) - 2;

  Plot plot(columns, rows, axis, last_step);
  for (const ChartSeries& one : series) plot.Draw(one);
  for (const ChartSeries& one : series) {
    if (one.marks) plot.DrawMarks(one);
  }

  Chart chart{.lines = {}, .logarithmic = axis.logarithmic()};
  for (int row = 0; row < rows; ++row) {
    const std::string& label = labels[static_cast<size_t>(row)];
    StyledLine line(std::string(margin - label.size(), ' ') + label + (label.empty() ? " │" : " ┤"), Ink::kFaint);
    chart.lines.push_back(line.Add(plot.Row(row)));
  }
  for (const StyledLine& line : StepAxis(last_step, static_cast<int>(margin) + 1, columns)) chart.lines.push_back(line);
  return chart;
}

std::string DrawSparkline(const Curve& curve, int width) {
  constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const int64_t last_step = LastStep({{.curve = &curve}});
  const Axis axis = ValueAxis({{.curve = &curve}}, last_step, width);
  std::string line;
  for (const std::optional<CurveBucket>& share : Shares(curve, last_step, width)) {
    if (!share.has_value()) {
      line += ' ';
      continue;
    }
    const double position = std::clamp(axis.Position(share->mean), 0.0, 1.0);
    line += kBars[std::min(static_cast<size_t>(position * kBars.size()), kBars.size() - 1)];
  }
  return line;
}

}  // namespace trainyard::cli
