#include "server/run/fork_job.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/train/adapt_checkpoint.h"
#include "server/run/branch.h"
#include "server/run/check_spec.h"
#include "server/run/same_data.h"
#include "server/run/warm_start.h"

namespace trainyard {
namespace {

// The fields of the spec that differ.
absl::StatusOr<google::protobuf::FieldMask> ForkedFields(const v1::ForkJobRequest& request) {
  google::protobuf::FieldMask fields;
  for (const std::string& path : request.update_mask().paths()) {
    const std::string_view in_job = path;
    if (!in_job.starts_with("spec.")) {
      return FieldError("update_mask", in_job, "a path into the spec, as spec.optimizer");
    }
    fields.add_paths(std::string(in_job.substr(5)));
    RETURN_IF_ERROR(CheckForkable(*fields.paths().rbegin(), "update_mask", path));
  }
  return fields;
}

// Changes that acted before the checkpoint, and those that act at its step.
int64_t ChangesUpTo(const v1::Job& job, const Checkpoint& checkpoint) {
  int64_t count = checkpoint.changes_made;
  const auto acts = [&checkpoint](const v1::SpecChange& change) {
    return change.roll_backs() <= checkpoint.roll_backs && change.step() <= checkpoint.step;
  };
  while (count < job.changes_size() && acts(job.changes(static_cast<int>(count)))) ++count;
  return count;
}

}  // namespace

absl::StatusOr<Fork> MakeFork(const v1::Job& source, JobKey key, const v1::ForkJobRequest& request,
                              const RunServices& services, const SpecCheck& check) {
  ASSIGN_OR_RETURN(const google::protobuf::FieldMask fields, ForkedFields(request));
  if (request.has_from_step() && request.from_step() < 0) {
    return FieldError("from_step", request.from_step(), "at least 0");
  }
  const auto from_step = request.has_from_step() ? std::optional(request.from_step()) : std::nullopt;
  ASSIGN_OR_RETURN(ChosenCheckpoint chosen, services.saver.LoadChosen(key, [&](const auto& kept) {
    return ChooseCheckpoint(source, kept, from_step);
  }));
  const StoredCheckpoint& stored = chosen.stored;
  Checkpoint checkpoint = std::move(chosen.state);
  const absl::StatusOr<v1::Model> model = services.catalogue.GetModel(source.model());
  if (absl::IsNotFound(model.status())) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(source.name(), " has not begun")), "JOB_QUEUED");
  }
  RETURN_IF_ERROR(model.status());

  v1::JobSpec then = SpecAfter(source, ChangesUpTo(source, checkpoint));
  then.clear_warm_start();
  then.clear_initial_state();
  ASSIGN_OR_RETURN(const CheckedRun before, check(then));
  Fork fork;
  ASSIGN_OR_RETURN(fork.run, check(MergeFields(std::move(then), request.job().spec(), fields)));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(fork.run.options.data, services.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(fork.run.options, data, services.memory_limit));
  RETURN_IF_ERROR(CheckSameData(plan, source, *model));
  RETURN_IF_ERROR(CheckFit(plan, "name", source.name(), *model));

  const auto make_fresh = [&]() -> absl::StatusOr<Checkpoint> {
    ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> fresh, MakeTrainer(plan, data, nullptr));
    return fresh->Snapshot();
  };
  ASSIGN_OR_RETURN(checkpoint, AdaptCheckpoint(std::move(checkpoint), before.options, fork.run.options, make_fresh));
  checkpoint.changes_made = 0;
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, MakeTrainer(std::move(plan), data, &checkpoint));
  fork.first = trainer->Snapshot();
  fork.source.set_job(source.name());
  fork.source.set_attempt(stored.attempt);
  fork.source.set_step(stored.step);
  fork.source.set_parameters_digest(stored.digest);
  return fork;
}

}  // namespace trainyard
