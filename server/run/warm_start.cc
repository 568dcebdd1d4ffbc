#include "server/run/warm_start.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "server/run/names.h"
#include "server/wire/model.h"

namespace trainyard {
namespace {

constexpr std::string_view kModelField = "warm_start.model";
constexpr std::string_view kJobField = "warm_start.checkpoint.job";
constexpr std::string_view kStepField = "warm_start.checkpoint.step";

// Where parameters come from: a job's checkpoint, and how its network is described.
struct Source {
  std::string field;  // that names it
  std::string name;
  v1::Model model;
  Checkpoint checkpoint;
};

absl::Status Misfit(const Source& source, const std::string& difference) {
  return FieldError(source.field, std::string_view(source.name),
                    absl::StrCat("a source like this job's network: ", difference));
}

absl::StatusOr<StoredCheckpoint> Choose(const std::vector<StoredCheckpoint>& stored, std::string_view field,
                                        const std::string& name, std::optional<int64_t> step) {
  if (stored.empty()) return FieldError(field, std::string_view(name), "one that has a checkpoint");
  if (!step.has_value()) return stored.front();
  std::vector<int64_t> steps;
  for (const StoredCheckpoint& checkpoint : stored) {
    if (checkpoint.step == *step) return checkpoint;
    if (steps.empty() || steps.back() != checkpoint.step) steps.push_back(checkpoint.step);
  }
  return FieldError(kStepField, *step, absl::StrCat("the step of a kept checkpoint: ", absl::StrJoin(steps, ", ")));
}

absl::StatusOr<Checkpoint> LoadChosen(const CheckpointSaver& saver, JobKey key, std::string_view field,
                                      const std::string& name, std::optional<int64_t> step) {
  const auto choose = [&](const std::vector<StoredCheckpoint>& kept) { return Choose(kept, field, name, step); };
  ASSIGN_OR_RETURN(ChosenCheckpoint chosen, saver.LoadChosen(key, choose));
  return std::move(chosen.state);
}

absl::StatusOr<StoredJob> FindJob(const Catalogue& catalogue, const std::string& name) {
  absl::StatusOr<StoredJob> job = catalogue.GetJob(name);
  return absl::IsNotFound(job.status()) ? NoSuch("job", name) : std::move(job);
}

// Parameters that a model holds become the checkpoint's own.
absl::StatusOr<Source> ReadModelSource(const std::string& name, const Catalogue& catalogue,
                                       const CheckpointSaver& saver) {
  RETURN_IF_ERROR(CheckName(kModelField, name, "models"));
  absl::StatusOr<v1::Model> model = catalogue.GetModel(name);
  if (absl::IsNotFound(model.status())) return NoSuch("model", name);
  RETURN_IF_ERROR(model.status());
  ASSIGN_OR_RETURN(const StoredJob job, FindJob(catalogue, model->job()));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, LoadChosen(saver, job.key, kModelField, name, std::nullopt));
  if (checkpoint.best.has_value()) {
    checkpoint.parameters = std::move(checkpoint.best->parameters);
    checkpoint.parameters_digest = Sha256Of(checkpoint.parameters);
  }
  checkpoint.optimizer_state.clear();
  return Source{std::string(kModelField), name, *std::move(model), std::move(checkpoint)};
}

absl::StatusOr<Source> ReadCheckpointSource(const CheckpointSource& source, const Catalogue& catalogue,
                                            const CheckpointSaver& saver) {
  RETURN_IF_ERROR(CheckName(kJobField, source.job, "jobs"));
  ASSIGN_OR_RETURN(const StoredJob job, FindJob(catalogue, source.job));
  absl::StatusOr<v1::Model> model = catalogue.GetModel(job.job.model());
  if (absl::IsNotFound(model.status())) {
    return FieldError(kJobField, std::string_view(source.job), "one that has a checkpoint");
  }
  RETURN_IF_ERROR(model.status());
  ASSIGN_OR_RETURN(Checkpoint checkpoint, LoadChosen(saver, job.key, kJobField, source.job, source.step));
  return Source{std::string(kJobField), source.job, *std::move(model), std::move(checkpoint)};
}

absl::Status CheckFeatures(const v1::Model& here, const Source& source) {
  const v1::Model& there = source.model;
  for (int i = 0; i < std::max(here.features_size(), there.features_size()); ++i) {
    if (i >= there.features_size()) {
      return Misfit(source, absl::StrCat("feature ", i + 1, " here is ", here.features(i).column(), ", there is none"));
    }
    if (i >= here.features_size()) {
      return Misfit(source,
                    absl::StrCat("feature ", i + 1, " there is ", there.features(i).column(), ", here is none"));
    }
    const v1::FeatureEncoding& a = here.features(i);
    const v1::FeatureEncoding& b = there.features(i);
    if (a.column() != b.column()) {
      return Misfit(source, absl::StrCat("feature ", i + 1, " here is ", a.column(), ", there ", b.column()));
    }
    if (a.type() != b.type()) return Misfit(source, absl::StrCat("the feature ", a.column(), " is of another type"));
    const bool same_categories =
        std::equal(a.categories().begin(), a.categories().end(), b.categories().begin(), b.categories().end());
    if (!same_categories || a.missing_category() != b.missing_category()) {
      return Misfit(source,
                    absl::StrCat("the feature ", a.column(), " has other categories: here ",
                                 absl::StrJoin(a.categories(), ", "), "; there ", absl::StrJoin(b.categories(), ", ")));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTarget(const v1::TargetEncoding& here, const Source& source) {
  const v1::TargetEncoding& there = source.model.target();
  if (!std::equal(here.classes().begin(), here.classes().end(), there.classes().begin(), there.classes().end())) {
    const auto text = [](const v1::TargetEncoding& target) {
      return target.classes().empty() ? std::string("a number") : absl::StrJoin(target.classes(), ", ");
    };
    return Misfit(source, absl::StrCat("its classes differ: here ", text(here), "; there ", text(there)));
  }
  if (here.positive_class() == there.positive_class()) return absl::OkStatus();
  if (here.positive_class().empty() || there.positive_class().empty()) return absl::OkStatus();
  return Misfit(source, absl::StrCat("its positive class differs: here ", here.positive_class(), "; there ",
                                     there.positive_class()));
}

std::string ShapeText(const v1::TensorInfo& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.shape(), ", "), "]");
}

absl::Status CheckTensors(const v1::Model& here, const Source& source) {
  std::vector<std::string> differences;
  const auto find = [](const v1::Model& model, const std::string& name) {
    const auto found = std::find_if(model.tensors().begin(), model.tensors().end(),
                                    [&name](const v1::TensorInfo& tensor) { return tensor.name() == name; });
    return found == model.tensors().end() ? nullptr : &*found;
  };
  for (const v1::TensorInfo& tensor : here.tensors()) {
    const v1::TensorInfo* other = find(source.model, tensor.name());
    if (other == nullptr) {
      differences.push_back(absl::StrCat(tensor.name(), " is ", ShapeText(tensor), " here and missing there"));
    } else if (ShapeText(tensor) != ShapeText(*other)) {
      differences.push_back(
          absl::StrCat(tensor.name(), " is ", ShapeText(tensor), " here and ", ShapeText(*other), " there"));
    }
  }
  for (const v1::TensorInfo& tensor : source.model.tensors()) {
    if (find(here, tensor.name()) != nullptr) continue;
    differences.push_back(absl::StrCat(tensor.name(), " is ", ShapeText(tensor), " there and missing here"));
  }
  return differences.empty() ? absl::OkStatus() : Misfit(source, absl::StrJoin(differences, "; "));
}

absl::Status CheckFit(const RunPlan& plan, const Source& source) {
  v1::Model here;
  ToProto(plan.encoding, *plan.options.loss, &here);
  for (const TensorShape& tensor : plan.layout.tensors()) *here.add_tensors() = ToProto(tensor);
  RETURN_IF_ERROR(CheckFeatures(here, source));
  RETURN_IF_ERROR(CheckTarget(here.target(), source));
  return CheckTensors(here, source);
}

// Values of one Real for each parameter, in logical order, cut into tensors.
absl::StatusOr<std::vector<NamedTensor>> TensorsOf(const std::string& bytes, Precision precision,
                                                   const ParameterLayout& layout) {
  if (static_cast<int64_t>(bytes.size()) != layout.parameter_count() * SizeOf(precision)) {
    return WithReason(absl::DataLossError("the checkpoint does not have as many parameters as its tensors"),
                      "CHECKPOINT_DAMAGED");
  }
  std::vector<NamedTensor> tensors;
  int64_t begin = 0;
  for (const TensorShape& shape : layout.tensors()) {
    NamedTensor& tensor =
        tensors.emplace_back(NamedTensor{.name = shape.name, .shape = shape.dimensions, .values = {}});
    tensor.values.resize(shape.size);
    if (precision == Precision::kF32) {
      const auto* values = reinterpret_cast<const float*>(bytes.data()) + begin;
      std::copy(values, values + shape.size, tensor.values.begin());
    } else {
      const auto* values = reinterpret_cast<const double*>(bytes.data()) + begin;
      std::copy(values, values + shape.size, tensor.values.begin());
    }
    begin += shape.size;
  }
  return tensors;
}

}  // namespace

absl::Status CheckFit(const RunPlan& plan, std::string_view field, std::string_view name, const v1::Model& model) {
  return CheckFit(plan, Source{std::string(field), std::string(name), model, Checkpoint()});
}

absl::StatusOr<WarmStart> ReadWarmStart(const RunPlan& plan, const Catalogue& catalogue, const CheckpointSaver& saver) {
  const WarmStartOptions& options = *plan.options.warm_start;
  const auto* model = std::get_if<std::string>(&options.source);
  ASSIGN_OR_RETURN(const Source source,
                   model != nullptr
                       ? ReadModelSource(*model, catalogue, saver)
                       : ReadCheckpointSource(std::get<CheckpointSource>(options.source), catalogue, saver));
  RETURN_IF_ERROR(CheckFit(plan, source));
  WarmStart warm_start{.state = {}, .parameters_digest = source.checkpoint.parameters_digest};
  if (!options.parameters_digest.empty() && options.parameters_digest != warm_start.parameters_digest) {
    return FieldError("warm_start.parameters_digest", std::string_view(options.parameters_digest),
                      absl::StrCat("that of the parameters that ", source.name, " holds, ",
                                   warm_start.parameters_digest, ", or left out"));
  }
  const Precision precision = source.checkpoint.precision;
  ASSIGN_OR_RETURN(warm_start.state.parameters, TensorsOf(source.checkpoint.parameters, precision, plan.layout));
  if (!HasVelocity(plan.options.optimizer.rule)) return warm_start;
  for (const NamedBytes& array : source.checkpoint.optimizer_state) {
    if (array.name != "velocity") continue;
    ASSIGN_OR_RETURN(warm_start.state.velocity, TensorsOf(array.bytes, precision, plan.layout));
  }
  return warm_start;
}

}  // namespace trainyard
