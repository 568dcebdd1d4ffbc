#include "server/run/check_spec.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/train/layer_statistics.h"
#include "core/train/step_probe.h"
#include "server/run/efficient_minibatch.h"
#include "server/run/first_state.h"
#include "server/run/names.h"
#include "server/wire/model.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

// A few steps, for at most this long, tell how long one takes.
constexpr absl::Duration kTimingTime = absl::Milliseconds(50);
constexpr int64_t kTimingSteps = 200;

int64_t InitialStateBytes(const v1::InitialState& state) {
  int64_t bytes = 0;
  for (const v1::Tensor& tensor : state.parameters()) bytes += tensor.values_size() * int64_t{sizeof(double)};
  for (const v1::Tensor& tensor : state.velocity()) bytes += tensor.values_size() * int64_t{sizeof(double)};
  return bytes;
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenNamed(std::string_view field, const std::string& name,
                                                         DatasetTable& datasets) {
  RETURN_IF_ERROR(CheckName(field, name, "datasets"));
  return datasets.Open(name);
}

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override {}
  void Tell(const RunEvent&) override {}
  void Save(Checkpoint) override {}
  void BeginAttempt(Checkpoint) override {}
};

absl::Duration TimePerStep(Trainer& trainer) {
  SilentSink sink;
  const absl::Time begin = absl::Now();
  while (trainer.step() < kTimingSteps && absl::Now() - begin < kTimingTime) {
    if (trainer.Advance(sink) == Trainer::Next::kEnded) break;
  }
  return (absl::Now() - begin) / std::max<int64_t>(trainer.step(), 1);
}

void AddPlan(const RunPlan& plan, v1::CheckJobResponse& response) {
  *response.mutable_spec() = ToProto(plan.options);
  for (const TensorShape& tensor : plan.layout.tensors()) *response.add_tensors() = ToProto(tensor);
  response.set_parameter_count(plan.layout.parameter_count());
  response.set_input_count(plan.layout.input_count());
  response.set_output_count(plan.layout.output_count());
  response.set_training_examples(static_cast<int64_t>(plan.training_rows.size()));
  response.set_validation_examples(static_cast<int64_t>(plan.validation_rows.size()));
  response.set_test_examples(static_cast<int64_t>(plan.test_rows.size()));
  response.set_total_steps(plan.total_steps);
  response.set_memory_bytes(plan.memory_bytes);
  for (const RunWarning& warning : plan.warnings) {
    v1::Warning& out = *response.add_warnings();
    out.set_reason(warning.reason);
    out.set_message(warning.message);
  }
}

absl::Status AddLayers(const RunPlan& plan, const TrainingData& data, const Checkpoint& start,
                       v1::CheckJobResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<LayerStatistics> layers, MeasureLayers(plan, data, start));
  for (const LayerStatistics& layer : layers) {
    v1::LayerStatistics& out = *response.add_layers();
    out.set_layer(layer.layer);
    out.set_activation_mean(layer.activation_mean);
    out.set_activation_variance(layer.activation_variance);
    out.set_gradient_variance(layer.gradient_variance);
  }
  return absl::OkStatus();
}

// Steps that lead nowhere, timed.
absl::Status AddTimes(Trainer& trainer, const TrainingData& data, const Checkpoint& start,
                      v1::CheckJobResponse& response) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StepProbe> probe, MakeStepProbe(trainer.plan(), data, start));
  response.set_smallest_efficient_minibatch(SmallestEfficientMinibatch(MeasureStepSeconds(*probe)));
  const absl::Duration step = TimePerStep(trainer);
  *response.mutable_time_per_step() = ToProto(step);
  if (response.total_steps() > 0) *response.mutable_total_time() = ToProto(step * response.total_steps());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainingData> OpenData(const TrainingDataOptions& options, DatasetTable& datasets) {
  TrainingData data;
  ASSIGN_OR_RETURN(data.training, OpenNamed("data.dataset", options.dataset, datasets));
  if (const auto* name = std::get_if<std::string>(&options.validation)) {
    ASSIGN_OR_RETURN(data.validation, OpenNamed("data.validation_dataset", *name, datasets));
  }
  if (const auto* name = std::get_if<std::string>(&options.test)) {
    ASSIGN_OR_RETURN(data.test, OpenNamed("data.test_dataset", *name, datasets));
  }
  return data;
}

absl::StatusOr<CheckedRun> CheckSpec(const v1::JobSpec& spec, const SpecLimits& limits, DatasetTable& datasets) {
  const int64_t initial_bytes = InitialStateBytes(spec.initial_state());
  if (initial_bytes > limits.initial_state_bytes) {
    return FieldError("initial_state", absl::StrCat(initial_bytes, " bytes"),
                      absl::StrCat("at most ", limits.initial_state_bytes, " bytes"));
  }
  ASSIGN_OR_RETURN(const TrainingOptions options, FromProto(spec));
  RETURN_IF_ERROR(Validate(options));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(options.data, datasets));
  return CheckRun(options, data, limits.memory_bytes);
}

absl::StatusOr<v1::CheckJobResponse> CheckJob(const v1::JobSpec& spec, const SpecLimits& limits, DatasetTable& datasets,
                                              const Catalogue& catalogue, const CheckpointSaver& saver) {
  ASSIGN_OR_RETURN(const CheckedRun checked, CheckSpec(spec, limits, datasets));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(checked.options.data, datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(checked.options, data, limits.memory_bytes));
  ASSIGN_OR_RETURN(std::optional<Checkpoint> start, TakeFirstState(plan, data, catalogue, saver));
  v1::CheckJobResponse response;
  AddPlan(plan, response);
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                   MakeTrainer(std::move(plan), data, start.has_value() ? &*start : nullptr));
  if (!start.has_value()) start = trainer->Snapshot();
  RETURN_IF_ERROR(AddLayers(trainer->plan(), data, *start, response));
  RETURN_IF_ERROR(AddTimes(*trainer, data, *start, response));
  return response;
}

}  // namespace trainyard
