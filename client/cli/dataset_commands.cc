#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/labels.h"
#include "client/cli/list_pages.h"
#include "client/cli/names.h"
#include "client/cli/progress_bar.h"
#include "client/cli/reflect.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"
#include "client/cpp/upload.h"

namespace trainyard::cli {
namespace {

struct UploadFlags {
  std::vector<std::string> files;
  std::string name;
  std::string display_name;
  std::vector<std::string> labels;
  std::string format;
  std::string target;
  std::string weight;
  std::string split;
  std::vector<std::string> types;
  std::vector<std::string> missing;
  std::string sha256;
};

struct PreviewFlags {
  std::string name;
  int32_t rows = 10;
  int64_t first = 0;
};

void AddUploadFlags(CLI::App& command, UploadFlags& flags) {
  command.add_option("files", flags.files, "Files, read one after the other: for idx the images, then the labels")
      ->required()
      ->type_name("FILE");
  command.add_option("--name", flags.name, "The data set's name")->required();
  command.add_option("--display-name", flags.display_name, "A name for people");
  command.add_option("--label", flags.labels, "key=value; may be repeated")->allow_extra_args(false);
  command.add_option(
      "--format", flags.format,
      absl::StrJoin(EnumNames(v1::Format_descriptor()), ", ") + "; by default what the file's name says");
  command.add_option("--target", flags.target, "The column to predict");
  command.add_option("--weight", flags.weight, "A column of example weights");
  command.add_option("--split", flags.split, "A column that says train, validation or test");
  command
      .add_option("--type", flags.types,
                  "COLUMN=" + absl::StrJoin(EnumNames(v1::ColumnType_descriptor()), "|") + "; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--missing", flags.missing, "A cell that counts as missing; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--sha256", flags.sha256, "What the SHA-256 of the content must be, in hexadecimal");
}

absl::StatusOr<v1::Format> FormatOf(const UploadFlags& flags) {
  if (!flags.format.empty()) {
    const absl::StatusOr<v1::Format> format = EnumValue<v1::Format>(flags.format);
    return format.ok() ? format : UsageError("--format", format.status());
  }
  const std::string& path = flags.files.front();
  if (absl::EndsWithIgnoreCase(path, ".csv")) return v1::FORMAT_CSV;
  if (absl::EndsWithIgnoreCase(path, ".tsv")) return v1::FORMAT_TSV;
  if (absl::EndsWithIgnoreCase(path, ".idx") || absl::EndsWith(path, "-ubyte")) return v1::FORMAT_IDX;
  if (absl::EndsWithIgnoreCase(path, ".libsvm") || absl::EndsWithIgnoreCase(path, ".svm")) return v1::FORMAT_LIBSVM;
  if (absl::EndsWithIgnoreCase(path, ".npy")) return v1::FORMAT_NPY;
  if (absl::EndsWithIgnoreCase(path, ".npz")) return v1::FORMAT_NPZ;
  return absl::InvalidArgumentError(absl::StrCat("the name of ", path, " does not tell its format; give --format"));
}

absl::StatusOr<v1::Dataset> WantedDataset(const UploadFlags& flags) {
  v1::Dataset dataset;
  dataset.set_name(DatasetName(flags.name));
  dataset.set_display_name(flags.display_name);
  RETURN_IF_ERROR(UsageError("--label", SetLabels(flags.labels, *dataset.mutable_labels())));
  v1::ReadOptions& options = *dataset.mutable_read_options();
  ASSIGN_OR_RETURN(const v1::Format format, FormatOf(flags));
  options.set_format(format);
  if (!flags.target.empty()) options.set_target(flags.target);
  if (!flags.weight.empty()) options.set_weight(flags.weight);
  if (!flags.split.empty()) options.set_split(flags.split);
  options.mutable_missing()->Add(flags.missing.begin(), flags.missing.end());
  for (const std::string& text : flags.types) {
    const auto pair = SplitAtLast(text);
    if (!pair.ok()) return UsageError("--type", pair.status());
    const absl::StatusOr<v1::ColumnType> type = EnumValue<v1::ColumnType>(pair->second);
    if (!type.ok()) return UsageError("--type", type.status());
    (*options.mutable_types())[pair->first] = *type;
  }
  return dataset;
}

void PrintDatasets(const google::protobuf::RepeatedPtrField<v1::Dataset>& datasets, std::ostream& out) {
  TextTable table({"NAME", "ROWS", "COLUMNS", "TARGET", "SIZE", "CREATED", "DISPLAY NAME"}, {1, 2, 4});
  for (const v1::Dataset& dataset : datasets) {
    table.AddRow({dataset.name(), CountText(dataset.row_count()), CountText(dataset.columns_size()),
                  dataset.read_options().target(), BytesText(dataset.stored_bytes()), TimeText(dataset.create_time()),
                  dataset.display_name()});
  }
  table.Print(out);
}

void PrintColumns(const v1::Dataset& dataset, std::ostream& out) {
  TextTable table({"COLUMN", "TYPE", "ROLE", "MISSING", "MEAN", "DEVIATION", "MINIMUM", "MAXIMUM", "CONTENT"},
                  {3, 4, 5, 6, 7});
  for (const v1::Column& column : dataset.columns()) {
    std::vector<std::string> cells = {column.name(), EnumName(column.type()), EnumName(column.role()),
                                      CountText(column.missing_count())};
    if (column.has_numeric()) {
      for (const double value : {column.numeric().mean(), column.numeric().deviation(), column.numeric().minimum(),
                                 column.numeric().maximum()}) {
        cells.push_back(NumberText(value));
      }
    }
    cells.resize(8);
    std::vector<std::string> categories;
    for (const v1::Category& category : column.categories()) {
      if (categories.size() == 10) break;
      categories.push_back(absl::StrCat(category.value(), " (", category.count(), ")"));
    }
    if (column.category_count() > static_cast<int64_t>(categories.size())) categories.emplace_back("…");
    cells.push_back(column.type() == v1::COLUMN_TYPE_SPARSE
                        ? absl::StrCat(CountText(column.width()), " numbers, ", CountText(column.nonzero_count()),
                                       " of all rows' not 0")
                        : absl::StrJoin(categories, ", "));
    table.AddRow(cells);
  }
  table.Print(out);
}

std::string DuplicatesText(const v1::Conditioning& conditioning) {
  std::vector<std::string> texts;
  for (const v1::DuplicateColumn& duplicate : conditioning.duplicate_columns()) {
    if (texts.size() == 10) {
      texts.emplace_back("…");
      break;
    }
    texts.push_back(absl::StrCat(duplicate.column(), " of ", duplicate.duplicate_of()));
  }
  return absl::StrJoin(texts, ", ");
}

void AddConditioning(const v1::Conditioning& conditioning, PropertyList& list) {
  list.Add("duplicate columns", DuplicatesText(conditioning));
  if (!conditioning.largest_deviation_column().empty()) {
    list.Add("deviations",
             absl::StrCat(NumberText(conditioning.smallest_deviation()), " (", conditioning.smallest_deviation_column(),
                          ") to ", NumberText(conditioning.largest_deviation()), " (",
                          conditioning.largest_deviation_column(), ")"));
  }
  if (conditioning.correlation_condition_number() != 0) {
    list.Add("condition number",
             absl::StrCat(NumberText(conditioning.correlation_condition_number()), " of the correlation matrix, over ",
                          CountText(conditioning.row_count()), " rows"));
  }
}

void PrintDataset(const v1::Dataset& dataset, std::ostream& out) {
  PropertyList list;
  list.Add("name", dataset.name());
  list.Add("display name", dataset.display_name());
  list.Add("labels", absl::StrJoin(dataset.labels(), ", ", absl::PairFormatter("=")));
  list.Add("rows", CountText(dataset.row_count()));
  list.Add("columns", CountText(dataset.columns_size()));
  list.Add("format", EnumName(dataset.read_options().format()));
  list.Add("target", dataset.read_options().target());
  list.Add("uploaded", BytesText(dataset.uploaded_bytes()));
  list.Add("stored", BytesText(dataset.stored_bytes()));
  list.Add("created", TimeText(dataset.create_time()));
  list.Add("digest", dataset.digest());
  if (dataset.has_conditioning()) AddConditioning(dataset.conditioning(), list);
  for (const std::string& warning : dataset.warnings()) list.Add("warning", warning);
  list.Print(out);
}

std::string CellText(const google::protobuf::Value& value) {
  if (value.kind_case() == google::protobuf::Value::kNumberValue) return ExactNumberText(value.number_value());
  return value.kind_case() == google::protobuf::Value::kStringValue ? value.string_value() : "–";
}

absl::Status Upload(Session& session, const UploadFlags& flags) {
  client::UploadOptions options;
  ASSIGN_OR_RETURN(options.dataset, WantedDataset(flags));
  options.paths = flags.files;
  options.digest = absl::AsciiStrToLower(flags.sha256);
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  options.progress = BytesProgress(session, "uploading");
  const absl::StatusOr<v1::Dataset> dataset = client::Upload(*client, options);
  options.progress = nullptr;
  RETURN_IF_ERROR(dataset.status());
  if (session.json()) return PrintJson(*dataset, session.out());
  session.out() << dataset->name() << ": " << CountText(dataset->row_count()) << " rows, "
                << CountText(dataset->columns_size()) << " columns\n";
  for (const std::string& warning : dataset->warnings()) session.out() << "warning: " << Printable(warning) << '\n';
  return absl::OkStatus();
}

absl::Status List(Session& session, const ListOptions& options) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::ListDatasetsRequest request;
  request.set_filter(options.filter);
  ASSIGN_OR_RETURN(const v1::ListDatasetsResponse all,
                   ListPages(client->datasets(), &v1::DatasetService::Stub::ListDatasets, request, options.limit,
                             [](const v1::ListDatasetsResponse& response) { return response.datasets_size(); }));
  if (session.json()) return PrintJson(all, session.out());
  PrintDatasets(all.datasets(), session.out());
  TellOfMore(session, options, all.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::GetDatasetRequest request;
  request.set_name(DatasetName(option.name));
  ASSIGN_OR_RETURN(const v1::Dataset dataset,
                   client::Call(client->datasets(), &v1::DatasetService::Stub::GetDataset, request));
  if (session.json()) return PrintJson(dataset, session.out());
  PrintDataset(dataset, session.out());
  session.out() << '\n';
  PrintColumns(dataset, session.out());
  return absl::OkStatus();
}

absl::Status Preview(Session& session, const PreviewFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::ReadExamplesRequest request;
  request.set_dataset(DatasetName(flags.name));
  request.set_first_row(flags.first);
  request.set_row_count(flags.rows);
  ASSIGN_OR_RETURN(const v1::Table rows,
                   client::Call(client->datasets(), &v1::DatasetService::Stub::ReadExamples, request));
  if (session.json()) return PrintJson(rows, session.out());
  TextTable table(std::vector<std::string>(rows.columns().begin(), rows.columns().end()));
  for (const google::protobuf::ListValue& row : rows.rows()) {
    std::vector<std::string> cells;
    for (const google::protobuf::Value& value : row.values()) cells.push_back(CellText(value));
    cells.resize(static_cast<size_t>(rows.columns_size()));
    table.AddRow(cells);
  }
  table.Print(session.out());
  return absl::OkStatus();
}

absl::Status Delete(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::DeleteDatasetRequest request;
  request.set_name(DatasetName(option.name));
  ASSIGN_OR_RETURN(const google::protobuf::Empty empty,
                   client::Call(client->datasets(), &v1::DatasetService::Stub::DeleteDataset, request));
  return session.json() ? PrintJson(empty, session.out()) : absl::OkStatus();
}

}  // namespace

void AddDatasetCommands(CLI::App& program, Session& session) {
  CLI::App& group = *program.add_subcommand("dataset", "Upload and look at data sets");
  group.require_subcommand(1);
  AddCommand<UploadFlags>(group, session, "upload", "Upload files as one data set", &AddUploadFlags, &Upload);
  AddCommand<ListOptions>(
      group, session, "list", "List data sets",
      [](CLI::App& command, ListOptions& options) {
        command.add_option("--filter", options.filter, "As in `labels.team = \"a\"`");
        AddLimit(command, options.limit);
      },
      &List);
  const auto add_name = [](CLI::App& command, NameOption& option) {
    command.add_option("dataset", option.name, "Its name")->required();
  };
  AddCommand<NameOption>(group, session, "show", "Show columns and statistics", add_name, &Show);
  AddCommand<PreviewFlags>(
      group, session, "preview", "Show rows as they were uploaded",
      [](CLI::App& command, PreviewFlags& flags) {
        command.add_option("dataset", flags.name, "Its name")->required();
        command.add_option("--rows", flags.rows, "So many")
            ->check(CLI::Range(1, 1000).description(""))
            ->capture_default_str();
        command.add_option("--first", flags.first, "From this row on, counted from 0")->capture_default_str();
      },
      &Preview);
  AddCommand<NameOption>(group, session, "delete", "Delete a data set", add_name, &Delete);
}

}  // namespace trainyard::cli
