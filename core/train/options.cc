#include "core/train/options.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/train/budget.h"
#include "core/train/early_stopping.h"

namespace trainyard {
namespace {

constexpr int kMostThreads = 32;

absl::Status CheckFraction(std::string_view field, const std::variant<std::monostate, double, std::string>& part) {
  const double* fraction = std::get_if<double>(&part);
  if (fraction == nullptr || (*fraction > 0 && *fraction < 1)) return absl::OkStatus();
  return FieldError(field, *fraction, "in (0, 1)");
}

double FractionOf(const std::variant<std::monostate, double, std::string>& part) {
  const double* fraction = std::get_if<double>(&part);
  return fraction == nullptr ? 0 : *fraction;
}

absl::Status Check(const TrainingDataOptions& options) {
  if (options.dataset.empty()) return FieldError("dataset", "empty", "the name of a data set, as in datasets/iris");
  RETURN_IF_ERROR(CheckFraction("validation_fraction", options.validation));
  RETURN_IF_ERROR(CheckFraction("test_fraction", options.test));
  const double sum = FractionOf(options.validation) + FractionOf(options.test);
  if (!(sum < 1))
    return FieldError("test_fraction", FractionOf(options.test), "below 1 together with validation_fraction");
  if (options.class_weights.has_value()) {
    RETURN_IF_ERROR(InField("class_weights", Validate(*options.class_weights)));
  }
  return InField("encoding", Validate(options.encoding));
}

absl::Status Check(const EvaluationOptions& options) {
  if (const auto* steps = std::get_if<EverySteps>(&options.every); steps != nullptr && steps->count < 1) {
    return FieldError("every_steps", steps->count, "at least 1");
  }
  if (const auto* epochs = std::get_if<EveryEpochs>(&options.every); epochs != nullptr && epochs->count < 1) {
    return FieldError("every_epochs", epochs->count, "at least 1");
  }
  if (options.top_k.has_value() && *options.top_k < 1)
    return FieldError("top_k", int64_t{*options.top_k}, "at least 1");
  return absl::OkStatus();
}

absl::Status Check(const StopOnDivergence&) { return absl::OkStatus(); }

absl::Status Check(const RollBack& options) {
  if (!(options.factor > 0 && options.factor < 1)) return FieldError("roll_back.factor", options.factor, "in (0, 1)");
  if (options.max_times < 1) return FieldError("roll_back.max_times", int64_t{options.max_times}, "at least 1");
  return absl::OkStatus();
}

absl::Status Check(const CheckpointOptions& options) {
  if (options.every_steps.has_value() && *options.every_steps < 1) {
    return FieldError("every_steps", *options.every_steps, "at least 1");
  }
  return absl::OkStatus();
}

absl::Status CheckTensors(std::string_view field, const std::vector<NamedTensor>& tensors) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    for (const double value : tensors[i].values) {
      if (std::isfinite(value)) continue;
      return InField(absl::StrCat(std::string(field), "[", i, "]"), FieldError("values", value, "finite"));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const InitialStateOptions& options, const UpdateRuleOptions& rule) {
  RETURN_IF_ERROR(CheckTensors("parameters", options.parameters));
  RETURN_IF_ERROR(CheckTensors("velocity", options.velocity));
  if (!options.velocity.empty() && !HasVelocity(rule)) {
    return FieldError("velocity", absl::StrCat(options.velocity.size(), " tensors"),
                      "left out with plain SGD, which has no velocity");
  }
  return absl::OkStatus();
}

absl::Status CheckWarmStart(const TrainingOptions& options) {
  if (!options.warm_start.has_value()) return absl::OkStatus();
  const auto* checkpoint = std::get_if<CheckpointSource>(&options.warm_start->source);
  if (checkpoint != nullptr && checkpoint->step.has_value() && *checkpoint->step < 0) {
    return FieldError("warm_start.checkpoint.step", *checkpoint->step, "at least 0");
  }
  if (options.initial_state.parameters.empty()) return absl::OkStatus();
  return FieldError("initial_state.parameters", absl::StrCat(options.initial_state.parameters.size(), " tensors"),
                    "left out with warm_start, which gives all parameters");
}

}  // namespace

absl::Status Validate(const TrainingOptions& options) {
  RETURN_IF_ERROR(InField("data", Check(options.data)));
  RETURN_IF_ERROR(InField("network", Validate(options.network)));
  if (options.loss.has_value()) RETURN_IF_ERROR(InField("loss", Validate(*options.loss)));
  RETURN_IF_ERROR(InField("optimizer", Validate(options.optimizer)));
  RETURN_IF_ERROR(InField("regularization", Validate(options.regularization)));
  RETURN_IF_ERROR(InField("minibatches", Validate(options.minibatches, std::nullopt)));
  RETURN_IF_ERROR(InField("initialization", Validate(options.initialization, !options.network.hidden.empty())));
  RETURN_IF_ERROR(InField("budget", Validate(options.budget)));
  RETURN_IF_ERROR(InField("evaluation", Check(options.evaluation)));
  if (options.threads < 1 || options.threads > kMostThreads) {
    return FieldError("threads", int64_t{options.threads}, absl::StrCat("in 1..", kMostThreads));
  }
  if (options.early_stopping.has_value()) {
    RETURN_IF_ERROR(InField("early_stopping", Validate(*options.early_stopping)));
  }
  RETURN_IF_ERROR(
      InField("divergence", std::visit([](const auto& policy) { return Check(policy); }, options.divergence)));
  RETURN_IF_ERROR(InField("checkpoints", Check(options.checkpoints)));
  RETURN_IF_ERROR(CheckWarmStart(options));
  return InField("initial_state", Check(options.initial_state, options.optimizer.rule));
}

}  // namespace trainyard
