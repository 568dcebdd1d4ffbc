#include "client/cli/csv_output.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/reflect.h"
#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

void PrintRecord(const std::vector<std::string>& cells, std::ostream& out) {
  out << absl::StrJoin(cells, ",", [](std::string* line, const std::string& cell) {
    const bool plain = cell.find_first_of(",\"\r\n") == std::string::npos;
    absl::StrAppend(line, plain ? cell : absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\""));
  }) << '\n';
}

using Measure = std::pair<v1::Part, v1::Metric>;

std::map<Measure, double> MeasuresOf(const v1::Job& job) {
  std::map<Measure, double> measures;
  for (const v1::Evaluation& evaluation : job.latest_evaluations()) {
    for (const v1::MetricValue& value : evaluation.values()) {
      measures[{evaluation.part(), value.metric()}] = value.value();
    }
  }
  return measures;
}

}  // namespace

void PrintJobsCsv(const google::protobuf::RepeatedPtrField<v1::Job>& jobs, std::ostream& out) {
  std::set<Measure> measured;
  for (const v1::Job& job : jobs) {
    for (const auto& [measure, value] : MeasuresOf(job)) measured.insert(measure);
  }
  std::vector<std::string> titles = {"name", "state", "step", "epoch", "dataset", "created", "display_name"};
  for (const auto& [part, metric] : measured) titles.push_back(absl::StrCat(EnumName(part), ".", EnumName(metric)));
  PrintRecord(titles, out);
  for (const v1::Job& job : jobs) {
    std::vector<std::string> cells = {job.name(),
                                      EnumName(job.state()),
                                      absl::StrCat(job.progress().step()),
                                      absl::StrCat(job.progress().epoch()),
                                      job.spec().data().dataset(),
                                      TimeText(job.create_time()),
                                      job.display_name()};
    const std::map<Measure, double> measures = MeasuresOf(job);
    for (const Measure& measure : measured) {
      const auto found = measures.find(measure);
      cells.push_back(found == measures.end() ? "" : ExactNumberText(found->second));
    }
    PrintRecord(cells, out);
  }
}

void PrintPredictionsCsv(const v1::PredictResponse& response, std::ostream& out) {
  const bool classes = !response.classes().empty();
  const bool probabilities = !response.predictions().empty() && !response.predictions(0).probabilities().empty();
  std::vector<std::string> titles = {"row", classes ? "class" : "value"};
  for (const std::string& name : response.classes()) {
    titles.push_back(absl::StrCat(probabilities ? "probability." : "score.", name));
  }
  PrintRecord(titles, out);
  for (int i = 0; i < response.predictions_size(); ++i) {
    const v1::Prediction& prediction = response.predictions(i);
    std::vector<std::string> cells = {absl::StrCat(i),
                                      classes ? prediction.class_name() : ExactNumberText(prediction.value())};
    if (classes) {
      for (const double x : probabilities ? prediction.probabilities() : prediction.scores()) {
        cells.push_back(ExactNumberText(x));
      }
    }
    PrintRecord(cells, out);
  }
}

}  // namespace trainyard::cli
