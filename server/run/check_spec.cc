#include "server/run/check_spec.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
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

absl::StatusOr<absl::Duration> TimePerStep(RunPlan plan, const TrainingData& data) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, MakeTrainer(std::move(plan), data, nullptr));
  SilentSink sink;
  const absl::Time begin = absl::Now();
  while (trainer->step() < kTimingSteps && absl::Now() - begin < kTimingTime) {
    if (trainer->Advance(sink) == Trainer::Next::kEnded) break;
  }
  return (absl::Now() - begin) / std::max<int64_t>(trainer->step(), 1);
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

absl::StatusOr<v1::CheckJobResponse> CheckJob(const v1::JobSpec& spec, const SpecLimits& limits,
                                              DatasetTable& datasets) {
  ASSIGN_OR_RETURN(const CheckedRun checked, CheckSpec(spec, limits, datasets));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(checked.options.data, datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(checked.options, data, limits.memory_bytes));
  v1::CheckJobResponse response;
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
  const int64_t total_steps = plan.total_steps;
  ASSIGN_OR_RETURN(const absl::Duration step, TimePerStep(std::move(plan), data));
  *response.mutable_time_per_step() = ToProto(step);
  if (total_steps > 0) *response.mutable_total_time() = ToProto(step * total_steps);
  return response;
}

}  // namespace trainyard
