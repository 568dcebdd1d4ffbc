#include "server/run/model_table.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/model/network_pass.h"
#include "server/run/export_model.h"
#include "server/run/job_states.h"
#include "server/run/names.h"
#include "server/wire/model.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

constexpr int64_t kMaxTableRows = 10'000;
constexpr int64_t kMaxPredictedRows = 1'000'000;
constexpr int64_t kMaxPredictedNumbers = 4'000'000;
constexpr double kMaxMeasuringBytes = 1 << 30;

// Calls use(block) for `rows` in blocks, in order, until it is done or cancelled.
template <typename Use>
absl::Status ForEachBlock(std::span<const uint32_t> rows, const ModelTable::Cancelled& cancelled, Use use) {
  for (; !rows.empty(); rows = rows.subspan(std::min<size_t>(kBlockRows, rows.size()))) {
    if (cancelled()) return absl::CancelledError("the caller has gone");
    use(rows.first(std::min<size_t>(kBlockRows, rows.size())));
  }
  return absl::OkStatus();
}

std::vector<uint32_t> RowsFrom(int64_t first, int64_t count) {
  std::vector<uint32_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), static_cast<uint32_t>(first));
  return rows;
}

// Those that a request asks for, of `row_count`, each with a prediction of `width` numbers.
absl::StatusOr<std::vector<uint32_t>> WantedRows(const v1::PredictRequest& request, int64_t row_count, int64_t width) {
  if (request.first_row() < 0) return FieldError("first_row", request.first_row(), "at least 0");
  if (request.has_max_rows() && request.max_rows() < 1) return FieldError("max_rows", request.max_rows(), "at least 1");
  const int64_t first = std::min(request.first_row(), row_count);
  const int64_t rest = row_count - first;
  const int64_t count = request.has_max_rows() ? std::min(request.max_rows(), rest) : rest;
  const int64_t most = std::min(kMaxPredictedRows, kMaxPredictedNumbers / width);
  if (count <= most) return RowsFrom(first, count);
  const std::string rule =
      absl::StrCat("at most ", most, " in one answer", width > 1 ? absl::StrCat(" of ", width, " classes") : "");
  if (request.has_max_rows()) return FieldError("max_rows", count, rule);
  return FieldError(request.has_table() ? "table.rows" : "dataset", absl::StrCat(count, " rows"),
                    absl::StrCat(rule, "; ask for parts by first_row and max_rows"));
}

// `values`, and for classes `scores`, as the predictor gives them for one row.
void AddPrediction(std::span<const double> values, std::span<const double> scores, const Predictor& predictor,
                   const TargetEncoding& target, v1::PredictResponse& response) {
  v1::Prediction& prediction = *response.add_predictions();
  if (target.classes.empty()) {
    prediction.set_value(values[0]);
    return;
  }
  if (predictor.probabilistic()) prediction.mutable_probabilities()->Add(values.begin(), values.end());
  prediction.mutable_scores()->Add(scores.begin(), scores.end());
  prediction.set_class_name(target.classes[std::max_element(scores.begin(), scores.end()) - scores.begin()]);
}

// Those that are asked for, or all that there are.
absl::StatusOr<std::vector<Metric>> MetricsOf(const v1::EvaluateRequest& request, bool categorical,
                                              bool probabilistic) {
  std::vector<Metric> metrics;
  for (int i = 0; i < request.metrics_size(); ++i) {
    const std::string field = absl::StrCat("metrics[", i, "]");
    ASSIGN_OR_RETURN(const Metric metric, FromProto(request.metrics(i), field));
    if (!Fits(metric, categorical)) return FieldError(field, Name(metric), "a metric that fits the model's target");
    if (NeedsProbabilities(metric) && !probabilistic) {
      return FieldError(field, Name(metric), "left out with a loss that gives no probabilities");
    }
    metrics.push_back(metric);
  }
  if (!metrics.empty()) return metrics;
  std::copy_if(std::begin(kAllMetrics), std::end(kAllMetrics), std::back_inserter(metrics),
               [categorical](Metric metric) { return Fits(metric, categorical); });
  if (!probabilistic) std::erase_if(metrics, NeedsProbabilities);
  return metrics;
}

absl::StatusOr<MetricPlan> PlanOf(const v1::EvaluateRequest& request, const Predictor& predictor, int64_t class_count,
                                  int64_t row_count) {
  if (request.has_top_k() && request.top_k() < 1) return FieldError("top_k", int64_t{request.top_k()}, "at least 1");
  if (request.confusion_matrix()) RETURN_IF_ERROR(CheckConfusionMatrix("confusion_matrix", class_count));
  MetricPlan plan{.class_count = class_count,
                  .top_k = request.has_top_k() ? request.top_k() : DefaultTopK(class_count),
                  .confusion_matrix = request.confusion_matrix()};
  ASSIGN_OR_RETURN(plan.metrics, MetricsOf(request, class_count > 0, predictor.probabilistic()));
  const double bytes = MeasuringBytes(plan, row_count);
  if (bytes <= kMaxMeasuringBytes) return plan;
  if (request.metrics().empty()) {
    std::erase(plan.metrics, Metric::kAuc);
    return plan;
  }
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("METRIC_AUC keeps the scores of all ", row_count, " examples, ", bytes / (1 << 30),
                                     " GiB, and may keep 1 GiB; leave it out, or measure on fewer examples")),
                    "INSUFFICIENT_MEMORY");
}

}  // namespace

absl::StatusOr<v1::Model> ModelTable::Get(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "models"));
  absl::StatusOr<v1::Model> model = services_.catalogue.GetModel(name);
  if (absl::IsNotFound(model.status())) return NoSuch("model", name);
  return model;
}

absl::StatusOr<v1::ListModelsResponse> ModelTable::List(const v1::ListModelsRequest& request) {
  RETURN_IF_ERROR(CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(auto page, services_.catalogue.ListModels(PageSize(request.page_size()), request.page_token()));
  v1::ListModelsResponse response;
  for (v1::Model& model : page.rows) *response.add_models() = std::move(model);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<Checkpoint> ModelTable::NewestCheckpoint(JobKey job, const std::string& name) {
  const auto newest = [&name](const std::vector<StoredCheckpoint>& kept) -> absl::StatusOr<StoredCheckpoint> {
    if (kept.empty()) return NoSuch("model", name);
    return kept.front();
  };
  ASSIGN_OR_RETURN(ChosenCheckpoint chosen, services_.saver.LoadChosen(job, newest));
  return std::move(chosen.state);
}

absl::StatusOr<std::unique_ptr<ModelTable::Loaded>> ModelTable::Load(const std::string& name, std::string_view field) {
  RETURN_IF_ERROR(CheckName(field, name, "models"));
  auto loaded = std::make_unique<Loaded>();
  ASSIGN_OR_RETURN(loaded->model, Get(name));
  ASSIGN_OR_RETURN(const JobKey key, jobs_.FindKey(loaded->model.job(), field));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, NewestCheckpoint(key, name));
  const bool best = checkpoint.best.has_value();
  loaded->parameters = best ? std::move(checkpoint.best->parameters) : std::move(checkpoint.parameters);
  loaded->model.set_step(best ? checkpoint.best->step : checkpoint.step);
  ASSIGN_OR_RETURN(loaded->encoding, EncodingFromProto(loaded->model));
  ASSIGN_OR_RETURN(const NetworkOptions network, FromProto(loaded->model.network()));
  ASSIGN_OR_RETURN(const LossOptions loss, FromProto(loaded->model.loss()));
  ASSIGN_OR_RETURN(loaded->predictor,
                   MakePredictor(network, loss, loaded->encoding, checkpoint.precision, loaded->parameters));
  return loaded;
}

absl::StatusOr<v1::PredictResponse> ModelTable::Predict(const v1::PredictRequest& request, const Cancelled& cancelled) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Loaded> loaded, Load(request.model(), "model"));
  std::shared_ptr<const Dataset> dataset;
  switch (request.input_case()) {
    case v1::PredictRequest::kTable: {
      if (request.table().rows_size() > kMaxTableRows) {
        return FieldError("table.rows", absl::StrCat(request.table().rows_size(), " rows"),
                          absl::StrCat("at most ", kMaxTableRows));
      }
      ASSIGN_OR_RETURN(dataset, FromTable(request.table(), loaded->encoding));
      break;
    }
    case v1::PredictRequest::kDataset: {
      RETURN_IF_ERROR(CheckName("dataset", request.dataset(), "datasets"));
      ASSIGN_OR_RETURN(dataset, services_.datasets.Open(request.dataset()));
      break;
    }
    case v1::PredictRequest::INPUT_NOT_SET:
      return FieldError("input", "unset", "table or dataset");
  }
  ASSIGN_OR_RETURN(const RowEncoder encoder,
                   RowEncoder::Bind(loaded->encoding, *dataset, RowEncoder::Needs::kFeatures));
  const int64_t width = loaded->predictor->prediction_width();
  ASSIGN_OR_RETURN(const std::vector<uint32_t> wanted, WantedRows(request, dataset->row_count(), width));
  RETURN_IF_ERROR(encoder.Check(wanted));
  v1::PredictResponse response;
  response.set_step(loaded->model.step());
  for (const std::string& name : loaded->encoding.target.classes) response.add_classes(name);
  std::vector<double> values(kBlockRows * width);
  std::vector<double> score_values(kBlockRows * width);
  RETURN_IF_ERROR(ForEachBlock(wanted, cancelled, [&](std::span<const uint32_t> rows) {
    const int64_t count = static_cast<int64_t>(rows.size());
    const MatrixView<double> predictions = {values.data(), count, width, width};
    const MatrixView<double> scores = {score_values.data(), count, width, width};
    loaded->predictor->Predict(encoder, rows, predictions, scores);
    for (int64_t i = 0; i < count; ++i) {
      AddPrediction(predictions.row(i), scores.row(i), *loaded->predictor, loaded->encoding.target, response);
    }
  }));
  return response;
}

absl::StatusOr<v1::EvaluateResponse> ModelTable::Evaluate(const v1::EvaluateRequest& request,
                                                          const Cancelled& cancelled) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Loaded> loaded, Load(request.model(), "model"));
  RETURN_IF_ERROR(CheckName("dataset", request.dataset(), "datasets"));
  ASSIGN_OR_RETURN(const auto dataset, services_.datasets.Open(request.dataset()));
  const int64_t class_count = static_cast<int64_t>(loaded->encoding.target.classes.size());
  ASSIGN_OR_RETURN(const MetricPlan plan, PlanOf(request, *loaded->predictor, class_count, dataset->row_count()));
  ASSIGN_OR_RETURN(const RowEncoder encoder,
                   RowEncoder::Bind(loaded->encoding, *dataset, RowEncoder::Needs::kFeaturesAndTarget));
  const std::vector<uint32_t> all = RowsFrom(0, dataset->row_count());
  RETURN_IF_ERROR(encoder.Check(all));
  RETURN_IF_ERROR(encoder.CheckTargets(all, loaded->predictor->smallest_target()));
  MetricSums sums(plan, dataset->row_count());
  RETURN_IF_ERROR(ForEachBlock(
      all, cancelled, [&](std::span<const uint32_t> rows) { loaded->predictor->Measure(encoder, rows, sums); }));
  v1::EvaluateResponse response;
  const auto add = [&](Metric metric) {
    v1::MetricValue& value = *response.add_values();
    value.set_metric(ToProto(metric));
    value.set_value(sums.Value(metric));
  };
  add(Metric::kLoss);
  for (const Metric metric : plan.metrics) {
    if (metric != Metric::kLoss) add(metric);
  }
  if (const auto matrix = sums.confusion_matrix()) *response.mutable_confusion_matrix() = ToProto(*matrix);
  response.set_row_count(dataset->row_count());
  response.set_step(loaded->model.step());
  return response;
}

absl::StatusOr<std::string> ModelTable::Export(const v1::ExportModelRequest& request) {
  ASSIGN_OR_RETURN(std::string file, MakeFile(request));
  services_.counters.exported_bytes.Add(static_cast<int64_t>(file.size()));
  return file;
}

absl::StatusOr<std::string> ModelTable::MakeFile(const v1::ExportModelRequest& request) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Loaded> loaded, Load(request.model(), "model"));
  switch (request.format()) {
    case v1::EXPORT_FORMAT_NPZ:
      return ToNpz(loaded->model, loaded->parameters);
    case v1::EXPORT_FORMAT_SAFETENSORS:
      return ToSafetensors(loaded->model, loaded->parameters);
    default:
      return FieldError("format", std::string_view(v1::ExportFormat_Name(request.format())),
                        "EXPORT_FORMAT_NPZ or EXPORT_FORMAT_SAFETENSORS");
  }
}

absl::Status ModelTable::Delete(const v1::DeleteModelRequest& request) {
  ASSIGN_OR_RETURN(v1::Model model, Get(request.name()));
  ASSIGN_OR_RETURN(const v1::Job job, jobs_.Get(model.job()));
  if (!IsTerminal(job.state())) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(job.name(), " has not ended; cancel it first")),
                      "JOB_ACTIVE");
  }
  // The model of a job that has ended does not change any more.
  ASSIGN_OR_RETURN(model, Get(request.name()));
  RETURN_IF_ERROR(CheckEtag(request.etag(), model.etag()));
  ASSIGN_OR_RETURN(const JobKey key, jobs_.FindKey(model.job(), "name"));
  ASSIGN_OR_RETURN(const std::vector<StoredCheckpoint> checkpoints, services_.catalogue.Checkpoints(key));
  const absl::Status removed = services_.queue.CommitDurablyAndWait(services_.catalogue.RemoveModel(key));
  if (absl::IsNotFound(removed)) return NoSuch("model", request.name());
  RETURN_IF_ERROR(removed);
  // A file that stays is removed by the next start.
  for (const StoredCheckpoint& checkpoint : checkpoints) services_.saver.RemoveFile(checkpoint).IgnoreError();
  return absl::OkStatus();
}

}  // namespace trainyard
