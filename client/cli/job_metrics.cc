#include "client/cli/job_metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/event_text.h"
#include "client/cli/json.h"
#include "client/cli/names.h"
#include "client/cli/reflect.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

constexpr std::string_view kSomeLeftOut =
    "Evaluations were left out; --first-step and --last-step give those of fewer steps whole.\n";

struct MetricsFlags {
  std::string name;
  std::vector<std::string> series;
  std::optional<int32_t> max_points;
  std::optional<int64_t> first_step;
  std::optional<int64_t> last_step;
};

void AddFlags(CLI::App& command, MetricsFlags& flags) {
  command.add_option("job", flags.name, "Its name")->required();
  command.add_option("--series", flags.series, absl::StrJoin(EnumNames(v1::Series_descriptor()), ", "))
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--max-points", flags.max_points, "For each series; 2,000 unless given");
  command.add_option("--first-step", flags.first_step, "From this step on");
  command.add_option("--last-step", flags.last_step, "Up to this step, it included");
}

absl::StatusOr<v1::GetMetricsRequest> Request(const MetricsFlags& flags) {
  v1::GetMetricsRequest request;
  request.set_job(JobName(flags.name));
  for (const std::string& name : flags.series) {
    const absl::StatusOr<v1::Series> series = EnumValue<v1::Series>(name);
    if (!series.ok()) return UsageError("--series", series.status());
    request.add_series(*series);
  }
  if (flags.max_points.has_value()) request.set_max_points(*flags.max_points);
  if (flags.first_step.has_value()) request.set_first_step(*flags.first_step);
  if (flags.last_step.has_value()) request.set_last_step(*flags.last_step);
  return request;
}

void PrintSeries(const v1::GetMetricsResponse& metrics, std::ostream& out) {
  TextTable table({"SERIES", "POINTS", "FIRST", "LAST", "MINIMUM", "MAXIMUM"}, {1, 2, 3, 4, 5});
  for (const v1::SeriesPoints& points : metrics.series()) {
    if (points.values().empty()) continue;
    std::vector<double> finite;
    std::copy_if(points.values().begin(), points.values().end(), std::back_inserter(finite),
                 [](double value) { return std::isfinite(value); });
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    table.AddRow({EnumName(points.series()), CountText(points.values_size()), NumberText(*points.values().begin()),
                  NumberText(*points.values().rbegin()), finite.empty() ? "nan" : NumberText(*low),
                  finite.empty() ? "nan" : NumberText(*high)});
  }
  table.Print(out);
}

void PrintEvaluations(const v1::GetMetricsResponse& metrics, std::ostream& out) {
  TextTable table({"STEP", "PART", "VALUES"}, {0});
  for (const v1::Evaluation& evaluation : metrics.evaluations()) {
    std::vector<std::string> values;
    for (const v1::MetricValue& value : evaluation.values()) values.push_back(MetricValueText(value));
    table.AddRow({CountText(evaluation.step()), EnumName(evaluation.part()), absl::StrJoin(values, "  ")});
  }
  if (table.empty()) return;
  out << '\n';
  table.Print(out);
}

absl::Status Metrics(Session& session, const MetricsFlags& flags) {
  ASSIGN_OR_RETURN(const v1::GetMetricsRequest request, Request(flags));
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const v1::GetMetricsResponse metrics,
                   client::Call(client->jobs(), &v1::JobService::Stub::GetMetrics, request));
  if (session.json()) return PrintJson(metrics, session.out());
  if (session.output == Output::kCsv) {
    PrintMetricsCsv(metrics, session.out());
  } else {
    PrintSeries(metrics, session.out());
    PrintEvaluations(metrics, session.out());
  }
  if (metrics.evaluations_thinned()) session.console.err << kSomeLeftOut;
  return absl::OkStatus();
}

}  // namespace

void PrintMetricsCsv(const v1::GetMetricsResponse& metrics, std::ostream& out) {
  out << "name,step,value\n";
  for (const v1::SeriesPoints& points : metrics.series()) {
    const std::string name = EnumName(points.series());
    for (int i = 0; i < std::min(points.steps_size(), points.values_size()); ++i) {
      out << name << ',' << points.steps(i) << ',' << ExactNumberText(points.values(i)) << '\n';
    }
  }
  for (const v1::Evaluation& evaluation : metrics.evaluations()) {
    const std::string part = EnumName(evaluation.part());
    for (const v1::MetricValue& value : evaluation.values()) {
      out << part << '.' << EnumName(value.metric()) << ',' << evaluation.step() << ','
          << ExactNumberText(value.value()) << '\n';
    }
  }
}

void AddMetricsCommand(CLI::App& group, Session& session) {
  AddCommand<MetricsFlags>(group, session, "metrics", "Print series and evaluations (also --output csv)", &AddFlags,
                           &Metrics, {Output::kTable, Output::kJson, Output::kCsv});
}

}  // namespace trainyard::cli
