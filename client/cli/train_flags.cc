#include "client/cli/train_flags.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/json.h"
#include "client/cli/labels.h"
#include "client/cli/metric_names.h"
#include "client/cli/names.h"
#include "client/cli/reflect.h"
#include "client/cli/session.h"
#include "client/cli/set_field.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

const Aliases& LossAliases() {
  static const auto* const aliases = new Aliases{{"softmax", "softmax_cross_entropy"}};
  return *aliases;
}

const Aliases& InitAliases() {
  static const auto* const aliases = new Aliases{{"glorot", "glorot_uniform"}};
  return *aliases;
}

// The endings that name what is set, as in `zero` for zero_biases of --biases.
const Aliases& BiasAliases() {
  static const auto* const aliases =
      new Aliases{{"zero", "zero_biases"}, {"constant", "constant_biases"}, {"marginal", "marginal_output_biases"}};
  return *aliases;
}

const Aliases& OutputWeightAliases() {
  static const auto* const aliases = new Aliases{{"zero", "zero_output_weights"}};
  return *aliases;
}

absl::Status SetVariantFlag(const char* flag, const std::string& name, google::protobuf::Message& message,
                            const std::string& oneof, const Aliases& aliases = {}) {
  if (name.empty()) return absl::OkStatus();
  return UsageError(flag, SetVariant(message, oneof, name, aliases));
}

// A flag that belongs to some variants of a family; `fallback` is the variant that the server takes by default, or the
// only one.
absl::Status SetVariantFieldFlag(const char* flag, const std::string& value, google::protobuf::Message& message,
                                 const std::string& oneof, const std::string& fallback, const std::string& field) {
  if (value.empty()) return absl::OkStatus();
  return UsageError(flag, SetVariantField(message, oneof, fallback, field, value));
}

// Classes whose names hold a comma are for the job file; of several `=` the last one counts.
absl::Status ApplyClassWeights(const std::string& text, v1::TrainingData& data) {
  if (text.empty()) return absl::OkStatus();
  if (text == "balanced") {
    data.mutable_class_weights()->mutable_balanced();
    return absl::OkStatus();
  }
  auto& weights = *data.mutable_class_weights()->mutable_given()->mutable_weights();
  weights.clear();
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const size_t sign = part.rfind('=');
    double weight = 0;
    if (sign == absl::string_view::npos || !absl::SimpleAtod(part.substr(sign + 1), &weight)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--class-weights: \"", part, "\" is neither `balanced` nor CLASS=NUMBER"));
    }
    weights[std::string(part.substr(0, sign))] = weight;
  }
  return absl::OkStatus();
}

absl::Status ApplyEvaluation(const TrainFlags& flags, v1::JobSpec& spec) {
  if (flags.evaluate_every.has_value()) spec.mutable_evaluation()->set_every_epochs(*flags.evaluate_every);
  if (flags.top_k.has_value()) spec.mutable_evaluation()->set_top_k(*flags.top_k);
  if (flags.confusion_matrix) spec.mutable_evaluation()->set_confusion_matrix(true);
  if (flags.metrics.empty()) return absl::OkStatus();
  spec.mutable_evaluation()->clear_metrics();
  return UsageError("--metrics", AddMetrics(flags.metrics, *spec.mutable_evaluation()->mutable_metrics()));
}

absl::Status ApplyData(const TrainFlags& flags, v1::TrainingData& data) {
  if (!flags.dataset.empty()) data.set_dataset(DatasetName(flags.dataset));
  if (!flags.target.empty()) data.set_target(flags.target);
  double fraction = 0;
  if (absl::SimpleAtod(flags.validation, &fraction)) {
    data.set_validation_fraction(fraction);
  } else if (!flags.validation.empty()) {
    data.set_validation_dataset(DatasetName(flags.validation));
  }
  if (absl::SimpleAtod(flags.test, &fraction)) {
    data.set_test_fraction(fraction);
  } else if (!flags.test.empty()) {
    data.set_test_dataset(DatasetName(flags.test));
  }
  if (flags.stratified.has_value()) data.set_stratified(*flags.stratified);
  RETURN_IF_ERROR(ApplyClassWeights(flags.class_weights, data));
  if (flags.scaling.empty()) return absl::OkStatus();
  const absl::StatusOr<v1::Scaling> scaling = EnumValue<v1::Scaling>(flags.scaling);
  if (!scaling.ok()) return UsageError("--scaling", scaling.status());
  data.mutable_encoding()->set_scaling(*scaling);
  return absl::OkStatus();
}

absl::Status ApplyNetwork(const TrainFlags& flags, v1::JobSpec& spec) {
  if (!flags.hidden.empty()) {
    spec.mutable_network()->clear_hidden();
    for (const int32_t units : flags.hidden) spec.mutable_network()->add_hidden()->mutable_dense()->set_units(units);
  }
  if (flags.activation.empty()) return absl::OkStatus();
  if (spec.network().hidden().empty()) {
    return absl::InvalidArgumentError("--activation: there is no hidden layer; give --hidden as well");
  }
  for (v1::Layer& layer : *spec.mutable_network()->mutable_hidden()) {
    if (!layer.has_dense()) continue;
    RETURN_IF_ERROR(
        SetVariantFlag("--activation", flags.activation, *layer.mutable_dense()->mutable_activation(), "kind"));
  }
  return absl::OkStatus();
}

// `500` steps or `2.5epochs`; of a constant rate where no other is asked for.
absl::Status ApplyWarmUp(const std::string& text, v1::Schedule& schedule) {
  if (text.empty()) return absl::OkStatus();
  v1::Length& length = *schedule.mutable_warm_up()->mutable_length();
  absl::string_view number = text;
  int64_t steps = 0;
  double epochs = 0;
  if (absl::ConsumeSuffix(&number, "epochs") && absl::SimpleAtod(number, &epochs)) {
    length.set_epochs(epochs);
  } else if (absl::SimpleAtoi(text, &steps)) {
    length.set_steps(steps);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a length; write 500 or 2.5epochs"));
  }
  if (schedule.kind_case() == v1::Schedule::KIND_NOT_SET) schedule.mutable_constant();
  return absl::OkStatus();
}

absl::Status ApplyOptimizer(const TrainFlags& flags, v1::JobSpec& spec) {
  v1::Optimizer optimizer = spec.optimizer();
  v1::Schedule schedule = optimizer.schedule();
  RETURN_IF_ERROR(SetVariantFlag("--optimizer", flags.optimizer, optimizer, "rule"));
  RETURN_IF_ERROR(SetVariantFieldFlag("--momentum", flags.momentum, optimizer, "rule", "nesterov", "momentum"));
  if (flags.learning_rate.has_value()) optimizer.set_learning_rate(*flags.learning_rate);
  RETURN_IF_ERROR(SetVariantFlag("--schedule", flags.schedule, schedule, "kind"));
  RETURN_IF_ERROR(SetVariantFieldFlag("--final-learning-rate", flags.final_learning_rate, schedule, "kind", "linear",
                                      "final_learning_rate"));
  RETURN_IF_ERROR(SetVariantFieldFlag("--tau-steps", flags.tau_steps, schedule, "kind", "linear", "tau_steps"));
  RETURN_IF_ERROR(SetVariantFieldFlag("--tau-epochs", flags.tau_epochs, schedule, "kind", "linear", "tau_epochs"));
  RETURN_IF_ERROR(UsageError("--warm-up", ApplyWarmUp(flags.warm_up, schedule)));
  if (schedule.kind_case() != v1::Schedule::KIND_NOT_SET) *optimizer.mutable_schedule() = schedule;
  if (flags.clip_norm.has_value()) optimizer.mutable_clipping()->mutable_global_norm()->set_max_norm(*flags.clip_norm);
  if (optimizer.ByteSizeLong() > 0) *spec.mutable_optimizer() = optimizer;
  if (flags.l2.has_value()) spec.mutable_regularization()->set_l2(*flags.l2);
  if (flags.l1.has_value()) spec.mutable_regularization()->set_l1(*flags.l1);
  if (flags.weight_decay.has_value()) spec.mutable_regularization()->set_weight_decay(*flags.weight_decay);
  return absl::OkStatus();
}

absl::Status ApplyMinibatches(const TrainFlags& flags, v1::JobSpec& spec) {
  if (flags.in_order) spec.mutable_minibatches()->mutable_in_order();
  if (!flags.order.empty()) {
    RETURN_IF_ERROR(SetVariantFlag("--order", flags.order, *spec.mutable_minibatches(), "order"));
  }
  if (flags.drop_last) spec.mutable_minibatches()->set_drop_last(true);
  if (flags.batch_size.empty()) return absl::OkStatus();
  int64_t size = 0;
  if (flags.batch_size == "all") {
    spec.mutable_minibatches()->mutable_full_batch();
  } else if (absl::SimpleAtoi(flags.batch_size, &size)) {
    spec.mutable_minibatches()->set_size(size);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("--batch-size: \"", flags.batch_size, "\" is neither a number nor `all`"));
  }
  return absl::OkStatus();
}

absl::Status ApplyBudget(const TrainFlags& flags, v1::JobSpec& spec) {
  if (flags.epochs.has_value()) spec.mutable_budget()->set_epochs(*flags.epochs);
  if (flags.steps.has_value()) spec.mutable_budget()->set_steps(*flags.steps);
  if (flags.examples.has_value()) spec.mutable_budget()->set_examples(*flags.examples);
  if (flags.time.empty()) return absl::OkStatus();
  const absl::StatusOr<google::protobuf::Duration> time = ParseTime(flags.time);
  if (!time.ok()) return UsageError("--time", time.status());
  *spec.mutable_budget()->mutable_running_time() = *time;
  return absl::OkStatus();
}

absl::Status ApplyInitialization(const TrainFlags& flags, v1::JobSpec& spec) {
  v1::Initialization initialization = spec.initialization();
  RETURN_IF_ERROR(SetVariantFlag("--init", flags.init, initialization, "weights", InitAliases()));
  RETURN_IF_ERROR(SetVariantFlag("--biases", flags.biases, initialization, "biases", BiasAliases()));
  RETURN_IF_ERROR(
      SetVariantFlag("--output-biases", flags.output_biases, initialization, "output_biases", BiasAliases()));
  RETURN_IF_ERROR(SetVariantFlag("--output-weights", flags.output_weights, initialization, "output_weights",
                                 OutputWeightAliases()));
  if (initialization.ByteSizeLong() > 0) *spec.mutable_initialization() = initialization;
  return absl::OkStatus();
}

absl::Status ApplyDeadline(const std::string& text, v1::Job& job) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<google::protobuf::Duration> time = ParseTime(text);
  if (!time.ok()) return UsageError("--deadline", time.status());
  const absl::Time deadline = absl::Now() + ToDuration(*time);
  if (deadline >= absl::FromCivil(absl::CivilYear(10000), absl::UTCTimeZone())) {
    return absl::InvalidArgumentError(absl::StrCat("--deadline: \"", text, "\" must end by the year 9999"));
  }
  const int64_t seconds = absl::ToUnixSeconds(deadline);
  job.mutable_deadline()->set_seconds(seconds);
  job.mutable_deadline()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(deadline - absl::FromUnixSeconds(seconds))));
  return absl::OkStatus();
}

// models/ID or jobs/ID[@STEP]
absl::Status ApplyWarmStart(const std::string& source, v1::JobSpec& spec) {
  if (source.empty()) return absl::OkStatus();
  spec.clear_warm_start();
  if (absl::StartsWith(source, "models/")) {
    spec.mutable_warm_start()->set_model(source);
    return absl::OkStatus();
  }
  const size_t at = source.find('@');
  int64_t step = 0;
  if (!absl::StartsWith(source, "jobs/") ||
      (at != std::string::npos && !absl::SimpleAtoi(source.substr(at + 1), &step))) {
    return absl::InvalidArgumentError(
        absl::StrCat("--warm-start: \"", source, "\" is neither models/ID nor jobs/ID nor jobs/ID@STEP"));
  }
  v1::CheckpointSource& checkpoint = *spec.mutable_warm_start()->mutable_checkpoint();
  checkpoint.set_job(source.substr(0, at));
  if (at != std::string::npos) checkpoint.set_step(step);
  return absl::OkStatus();
}

absl::Status ApplyRest(const TrainFlags& flags, v1::JobSpec& spec) {
  if (!flags.loss.empty()) {
    RETURN_IF_ERROR(SetVariantFlag("--loss", flags.loss, *spec.mutable_loss(), "kind", LossAliases()));
  }
  RETURN_IF_ERROR(ApplyInitialization(flags, spec));
  RETURN_IF_ERROR(ApplyWarmStart(flags.warm_start, spec));
  if (!flags.precision.empty()) {
    const absl::StatusOr<v1::Precision> precision = EnumValue<v1::Precision>(flags.precision);
    if (!precision.ok()) return UsageError("--precision", precision.status());
    spec.set_precision(*precision);
  }
  if (flags.seed.has_value()) spec.set_seed(*flags.seed);
  if (flags.threads.has_value()) spec.set_threads(*flags.threads);
  if (flags.patience.has_value()) spec.mutable_early_stopping()->set_patience(*flags.patience);
  if (flags.checkpoint_every.has_value()) spec.mutable_checkpoints()->set_every_steps(*flags.checkpoint_every);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Job> ParseJobFile(const std::string& text) {
  v1::Job job;
  RETURN_IF_ERROR(
      FromYaml(text, YamlHasKey(text, "spec") ? static_cast<google::protobuf::Message&>(job) : *job.mutable_spec()));
  return job;
}

absl::Status ApplyFlags(const TrainFlags& flags, v1::Job& job) {
  if (!flags.name.empty()) job.set_display_name(flags.name);
  if (flags.priority.has_value()) job.set_priority(*flags.priority);
  RETURN_IF_ERROR(ApplyDeadline(flags.deadline, job));
  RETURN_IF_ERROR(UsageError("--label", SetLabels(flags.labels, *job.mutable_labels())));
  v1::JobSpec& spec = *job.mutable_spec();
  RETURN_IF_ERROR(ApplyData(flags, *spec.mutable_data()));
  RETURN_IF_ERROR(ApplyNetwork(flags, spec));
  RETURN_IF_ERROR(ApplyOptimizer(flags, spec));
  RETURN_IF_ERROR(ApplyMinibatches(flags, spec));
  RETURN_IF_ERROR(ApplyBudget(flags, spec));
  RETURN_IF_ERROR(ApplyEvaluation(flags, spec));
  RETURN_IF_ERROR(ApplyRest(flags, spec));
  for (const std::string& assignment : flags.assignments) {
    RETURN_IF_ERROR(UsageError(absl::StrCat("--set ", assignment), SetField(spec, assignment)));
  }
  return absl::OkStatus();
}

}  // namespace trainyard::cli
