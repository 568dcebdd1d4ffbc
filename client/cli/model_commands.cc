#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/confusion_table.h"
#include "client/cli/csv_output.h"
#include "client/cli/csv_table.h"
#include "client/cli/event_text.h"
#include "client/cli/json.h"
#include "client/cli/list_pages.h"
#include "client/cli/metric_names.h"
#include "client/cli/names.h"
#include "client/cli/progress_bar.h"
#include "client/cli/reflect.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cpp/export_model.h"
#include "client/cpp/predict.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

struct PredictFlags {
  std::string name;
  std::string dataset;
  std::string input;
};

struct EvaluateFlags {
  std::string name;
  std::string dataset;
  std::vector<std::string> metrics;
  std::optional<int32_t> top_k;
  bool confusion_matrix = false;
};

struct ExportFlags {
  std::string name;
  std::string path;
  std::string format;
};

void AddName(CLI::App& command, NameOption& option) {
  command.add_option("model", option.name, "Its name, or its job's")->required();
}

std::string LayerText(const v1::Layer& layer) {
  if (layer.has_maxout()) return absl::StrCat(layer.maxout().units(), " maxout of ", layer.maxout().pieces());
  if (!layer.has_dense()) return "layer";
  const v1::Activation& activation = layer.dense().activation();
  const auto* held = activation.GetReflection()->GetOneofFieldDescriptor(
      activation, v1::Activation::descriptor()->FindOneofByName("kind"));
  return absl::StrCat(layer.dense().units(), held == nullptr ? "" : " ", held == nullptr ? "" : held->name());
}

std::string NetworkText(const v1::Network& network) {
  if (network.hidden().empty()) return "linear";
  return absl::StrJoin(network.hidden(), ", ",
                       [](std::string* out, const v1::Layer& layer) { absl::StrAppend(out, LayerText(layer)); });
}

void PrintModels(const google::protobuf::RepeatedPtrField<v1::Model>& models, std::ostream& out) {
  TextTable table({"NAME", "NETWORK", "PARAMETERS", "HELD", "STEP", "CREATED", "DISPLAY NAME"}, {2, 4});
  for (const v1::Model& model : models) {
    table.AddRow({model.name(), NetworkText(model.network()), CountText(model.parameter_count()),
                  EnumName(model.parameters_held()), CountText(model.step()), TimeText(model.create_time()),
                  model.display_name()});
  }
  table.Print(out);
}

void PrintModel(const v1::Model& model, std::ostream& out) {
  PropertyList list;
  list.Add("name", model.name());
  list.Add("job", model.job());
  list.Add("display name", model.display_name());
  list.Add("network", NetworkText(model.network()));
  list.Add("precision", EnumName(model.precision()));
  list.Add("parameters", CountText(model.parameter_count()));
  list.Add("held", absl::StrCat(EnumName(model.parameters_held()), ", of step ", CountText(model.step())));
  list.Add("target", model.target().column());
  list.Add("classes", absl::StrJoin(model.target().classes(), ", "));
  list.Add("class weights", absl::StrJoin(model.target().class_weights(), ", ", [](std::string* text, double weight) {
             absl::StrAppend(text, NumberText(weight));
           }));
  list.Add("features", CountText(model.features_size()));
  list.Add("created", TimeText(model.create_time()));
  list.Add("digest", model.parameters_digest());
  list.Print(out);
  out << '\n';
  TextTable tensors({"TENSOR", "SHAPE"});
  for (const v1::TensorInfo& tensor : model.tensors()) {
    tensors.AddRow({tensor.name(), absl::StrJoin(tensor.shape(), " x ")});
  }
  tensors.Print(out);
  const std::vector<std::string> metrics = MeasuredLines(model);
  if (!metrics.empty()) out << '\n' << absl::StrJoin(metrics, "\n") << '\n';
  for (const v1::Evaluation& evaluation : model.evaluations()) {
    if (!evaluation.has_confusion_matrix()) continue;
    out << '\n' << EnumName(evaluation.part()) << ":\n";
    PrintConfusionMatrix(evaluation.confusion_matrix(), model.target().classes(), out);
  }
}

void PrintPredictions(const v1::PredictResponse& response, std::ostream& out) {
  if (response.classes().empty()) {
    TextTable table({"ROW", "VALUE"}, {0, 1});
    for (int i = 0; i < response.predictions_size(); ++i) {
      table.AddRow({absl::StrCat(i), ExactNumberText(response.predictions(i).value())});
    }
    return table.Print(out);
  }
  const bool probabilities = !response.predictions().empty() && !response.predictions(0).probabilities().empty();
  std::vector<std::string> titles = {"ROW", "CLASS"};
  for (const std::string& name : response.classes()) {
    titles.push_back(absl::StrCat(probabilities ? "P" : "SCORE", "(", name, ")"));
  }
  TextTable table(titles, {0});
  for (int i = 0; i < response.predictions_size(); ++i) {
    const v1::Prediction& prediction = response.predictions(i);
    std::vector<std::string> cells = {absl::StrCat(i), prediction.class_name()};
    for (const double x : probabilities ? prediction.probabilities() : prediction.scores()) {
      cells.push_back(NumberText(x));
    }
    cells.resize(titles.size());
    table.AddRow(cells);
  }
  table.Print(out);
}

absl::Status List(Session& session, const ListOptions& options) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const v1::ListModelsResponse all,
                   ListPages(client->models(), &v1::ModelService::Stub::ListModels, v1::ListModelsRequest(),
                             options.limit, [](const v1::ListModelsResponse& page) { return page.models_size(); }));
  if (session.json()) return PrintJson(all, session.out());
  PrintModels(all.models(), session.out());
  TellOfMore(session, options, all.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::GetModelRequest request;
  request.set_name(ModelName(option.name));
  ASSIGN_OR_RETURN(const v1::Model model, client::Call(client->models(), &v1::ModelService::Stub::GetModel, request));
  if (session.json()) return PrintJson(model, session.out());
  PrintModel(model, session.out());
  return absl::OkStatus();
}

// The columns that hold categories for the model.
absl::StatusOr<std::set<std::string>> CategoricalColumns(client::Client& client, const std::string& model) {
  v1::GetModelRequest request;
  request.set_name(model);
  ASSIGN_OR_RETURN(const v1::Model found, client::Call(client.models(), &v1::ModelService::Stub::GetModel, request));
  std::set<std::string> columns;
  for (const v1::FeatureEncoding& feature : found.features()) {
    if (feature.type() == v1::COLUMN_TYPE_CATEGORICAL) columns.insert(feature.column());
  }
  return columns;
}

absl::StatusOr<v1::PredictRequest> MakePredictRequest(const PredictFlags& flags, client::Client& client) {
  v1::PredictRequest request;
  request.set_model(ModelName(flags.name));
  if (!flags.dataset.empty()) {
    request.set_dataset(DatasetName(flags.dataset));
    return request;
  }
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(flags.input));
  ASSIGN_OR_RETURN(const std::set<std::string> text_columns, CategoricalColumns(client, request.model()));
  absl::StatusOr<v1::Table> table = ParseCsv(text, text_columns);
  if (!table.ok()) return UsageError(flags.input, table.status());
  *request.mutable_table() = *std::move(table);
  return request;
}

absl::Status Predict(Session& session, const PredictFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(v1::PredictRequest request, MakePredictRequest(flags, *client));
  ASSIGN_OR_RETURN(const v1::PredictResponse response, client::Predict(*client, std::move(request)));
  if (session.json()) return PrintJson(response, session.out());
  if (session.output == Output::kCsv) {
    PrintPredictionsCsv(response, session.out());
  } else {
    PrintPredictions(response, session.out());
  }
  return absl::OkStatus();
}

// The response has numbers alone: the model knows the names of the classes.
absl::Status PrintConfusion(Session& session, client::Client& client, const std::string& name,
                            const v1::ConfusionMatrix& matrix) {
  v1::GetModelRequest request;
  request.set_name(name);
  ASSIGN_OR_RETURN(const v1::Model model, client::Call(client.models(), &v1::ModelService::Stub::GetModel, request));
  session.out() << '\n';
  PrintConfusionMatrix(matrix, model.target().classes(), session.out());
  return absl::OkStatus();
}

absl::Status Evaluate(Session& session, const EvaluateFlags& flags) {
  v1::EvaluateRequest request;
  request.set_model(ModelName(flags.name));
  request.set_dataset(DatasetName(flags.dataset));
  RETURN_IF_ERROR(UsageError("--metrics", AddMetrics(flags.metrics, *request.mutable_metrics())));
  if (flags.top_k.has_value()) request.set_top_k(*flags.top_k);
  request.set_confusion_matrix(flags.confusion_matrix);
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(
      const v1::EvaluateResponse response,
      client::Call(client->models(), &v1::ModelService::Stub::Evaluate, request, absl::InfiniteDuration()));
  if (session.json()) return PrintJson(response, session.out());
  for (const v1::MetricValue& value : response.values()) session.out() << MetricValueText(value) << '\n';
  session.out() << "rows " << CountText(response.row_count()) << '\n';
  return response.has_confusion_matrix()
             ? PrintConfusion(session, *client, request.model(), response.confusion_matrix())
             : absl::OkStatus();
}

absl::StatusOr<v1::ExportFormat> FormatOf(const ExportFlags& flags) {
  if (!flags.format.empty()) {
    const absl::StatusOr<v1::ExportFormat> format = EnumValue<v1::ExportFormat>(flags.format);
    return format.ok() ? format : UsageError("--format", format.status());
  }
  for (const std::string& name : EnumNames(v1::ExportFormat_descriptor())) {
    if (absl::EndsWithIgnoreCase(flags.path, absl::StrCat(".", name))) return EnumValue<v1::ExportFormat>(name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the name of ", flags.path, " does not tell the format; give --format"));
}

absl::Status Export(Session& session, const ExportFlags& flags) {
  v1::ExportModelRequest request;
  request.set_model(ModelName(flags.name));
  ASSIGN_OR_RETURN(const v1::ExportFormat format, FormatOf(flags));
  request.set_format(format);
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const int64_t size,
                   client::ExportModel(*client, request, flags.path, BytesProgress(session, "exporting")));
  if (session.json()) {
    v1::ExportModelResponse whole;
    whole.set_size_bytes(size);
    return PrintJson(whole, session.out());
  }
  session.out() << Printable(flags.path) << ": " << BytesText(size) << '\n';
  return absl::OkStatus();
}

absl::Status Delete(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::DeleteModelRequest request;
  request.set_name(ModelName(option.name));
  ASSIGN_OR_RETURN(const google::protobuf::Empty empty,
                   client::Call(client->models(), &v1::ModelService::Stub::DeleteModel, request));
  return session.json() ? PrintJson(empty, session.out()) : absl::OkStatus();
}

void AddListOptions(CLI::App& command, ListOptions& options) { AddLimit(command, options.limit); }

void AddPredictFlags(CLI::App& command, PredictFlags& flags) {
  command.add_option("model", flags.name, "Its name, or its job's")->required();
  CLI::Option_group* source = command.add_option_group("rows", "Where the rows come from");
  source->add_option("--dataset", flags.dataset, "All rows of a data set");
  source->add_option("--input", flags.input, "A CSV file with a header line; -: standard input")->type_name("FILE");
  source->require_option(1);
}

void AddEvaluateFlags(CLI::App& command, EvaluateFlags& flags) {
  command.add_option("model", flags.name, "Its name, or its job's")->required();
  command.add_option("--dataset", flags.dataset, "The data set to measure it on")->required();
  command.add_option("--metrics,--metric", flags.metrics, absl::StrJoin(EnumNames(v1::Metric_descriptor()), ", "))
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--top-k", flags.top_k, "k of top_k_accuracy");
  command.add_flag("--confusion-matrix", flags.confusion_matrix, "Count the examples of each class by predicted class");
}

void AddExportFlags(CLI::App& command, ExportFlags& flags) {
  command.add_option("model", flags.name, "Its name, or its job's")->required();
  command.add_option("-o,--to", flags.path, "The file to write")->required()->type_name("FILE");
  command.add_option("--format", flags.format,
                     absl::StrJoin(EnumNames(v1::ExportFormat_descriptor()), ", ") + "; by default the file's ending");
}

}  // namespace

void AddModelCommands(CLI::App& program, Session& session) {
  CLI::App& group = *program.add_subcommand("model", "Use models that jobs have made");
  group.require_subcommand(1);
  AddCommand<ListOptions>(group, session, "list", "List models, newest first", &AddListOptions, &List);
  AddCommand<NameOption>(group, session, "show", "Show a model", &AddName, &Show);
  AddCommand<PredictFlags>(group, session, "predict", "Predict for rows (also --output csv)", &AddPredictFlags,
                           &Predict, {Output::kTable, Output::kJson, Output::kCsv});
  AddCommand<EvaluateFlags>(group, session, "evaluate", "Measure on a data set", &AddEvaluateFlags, &Evaluate);
  AddCommand<ExportFlags>(group, session, "export", "Write a model to a file", &AddExportFlags, &Export);
  AddCommand<NameOption>(group, session, "delete", "Delete a model; its job stays", &AddName, &Delete);
}

}  // namespace trainyard::cli
