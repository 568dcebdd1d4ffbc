#include "client/cli/schedule_preview.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/chart.h"
#include "client/cli/json.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

using Values = google::protobuf::RepeatedField<double>;

constexpr int kChartHeight = 12;

bool Changes(const Values& values) {
  return std::any_of(values.begin(), values.end(), [&](double value) { return value != values[0]; });
}

// A line with the name and the numbers, then the chart.
void AddChart(const std::string& name, const v1::PreviewScheduleResponse& preview, const Values& values, Ink ink,
              int width, std::vector<StyledLine>& lines) {
  Curve curve;
  for (int i = 0; i < values.size(); ++i) curve.Add(preview.steps(i), values[i]);
  const Chart chart = DrawChart({{.curve = &curve, .ink = ink}}, width, kChartHeight);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  StyledLine title(absl::StrCat(" ", name, " "));
  title.Add(NumberText(*values.begin()), Ink::kStrong).Add(" to ").Add(NumberText(*values.rbegin()), Ink::kStrong);
  title.Add(absl::StrCat(", lowest ", NumberText(*low), ", highest ", NumberText(*high)), Ink::kFaint);
  if (chart.logarithmic) title.Add("   log scale", Ink::kFaint);
  lines.push_back(title.Shortened(width));
  lines.insert(lines.end(), chart.lines.begin(), chart.lines.end());
}

void PrintTable(const v1::PreviewScheduleResponse& preview, std::ostream& out) {
  TextTable table({"STEP", "LEARNING RATE", "MOMENTUM"}, {0});
  for (int i = 0; i < preview.steps_size(); ++i) {
    table.AddRow({CountText(preview.steps(i)), NumberText(preview.learning_rates(i)), NumberText(preview.momenta(i))});
  }
  table.Print(out);
}

}  // namespace

std::vector<StyledLine> DrawPreview(const v1::PreviewScheduleResponse& preview, int width) {
  std::vector<StyledLine> lines;
  AddChart("learning rate", preview, preview.learning_rates(), Ink::kTraining, width, lines);
  lines.emplace_back();
  if (Changes(preview.momenta())) {
    AddChart("momentum", preview, preview.momenta(), Ink::kValidation, width, lines);
  } else {
    lines.push_back(StyledLine(" momentum ").Add(NumberText(preview.momenta(0)), Ink::kStrong).Add(" throughout"));
  }
  lines.push_back(StyledLine(" steps ").Add(CountText(preview.total_steps()), Ink::kStrong));
  return lines;
}

absl::Status PreviewSchedule(Session& session, client::Client& client, v1::PreviewScheduleRequest request) {
  const bool draws = session.console.out_is_terminal && !session.json();
  if (!draws && !session.json()) request.set_max_points(kPreviewRows);
  ASSIGN_OR_RETURN(
      const v1::PreviewScheduleResponse preview,
      client::Call(client.insight(), &v1::InsightService::Stub::PreviewSchedule, request, absl::InfiniteDuration()));
  if (session.json()) return PrintJson(preview, session.out());
  if (!draws) {
    PrintTable(preview, session.out());
    return absl::OkStatus();
  }
  for (const StyledLine& line : DrawPreview(preview, std::max(20, CurrentTerminalSize().width))) {
    session.out() << (session.console.colours ? line.Coloured() : line.Text()) << '\n';
  }
  return absl::OkStatus();
}

}  // namespace trainyard::cli
