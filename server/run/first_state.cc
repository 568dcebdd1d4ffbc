#include "server/run/first_state.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/run/warm_start.h"

namespace trainyard {
namespace {

constexpr std::string_view kDigestField = "initial_state.parameters_digest";

absl::Status CheckDigest(const InitialStateOptions& given, const std::string& digest) {
  if (given.parameters_digest.empty() || given.parameters_digest == digest) return absl::OkStatus();
  if (given.parameters.empty()) {
    return FieldError(kDigestField, std::string_view(given.parameters_digest),
                      "given together with the values, which a job does not show: send them again, or begin with "
                      "warm_start.checkpoint, step 0 of that job");
  }
  return FieldError(kDigestField, std::string_view(given.parameters_digest),
                    absl::StrCat("that of the parameters that the run begins with, ", digest, ", or left out"));
}

}  // namespace

absl::StatusOr<std::optional<Checkpoint>> TakeFirstState(RunPlan& plan, const TrainingData& data,
                                                         const Catalogue& catalogue, const CheckpointSaver& saver) {
  const bool is_given = plan.options.initial_state != InitialStateOptions();
  if (!plan.options.warm_start.has_value() && !is_given) return std::optional<Checkpoint>();
  RunPlan whole = plan;
  if (plan.options.warm_start.has_value()) {
    ASSIGN_OR_RETURN(WarmStart warm_start, ReadWarmStart(plan, catalogue, saver));
    plan.options.warm_start->parameters_digest = warm_start.parameters_digest;
    InitialStateOptions& state = whole.options.initial_state;
    state.parameters = std::move(warm_start.state.parameters);
    // Of one tensor the later is taken: the caller's.
    std::vector<NamedTensor>& velocity = warm_start.state.velocity;
    state.velocity.insert(state.velocity.begin(), velocity.begin(), velocity.end());
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, MakeTrainer(std::move(whole), data, nullptr));
  Checkpoint first = trainer->Snapshot();
  if (is_given) {
    RETURN_IF_ERROR(CheckDigest(plan.options.initial_state, first.parameters_digest));
    plan.options.initial_state = {.parameters_digest = first.parameters_digest};
  }
  return std::optional<Checkpoint>(std::move(first));
}

bool BeginsWithCheckpoint(const v1::Job& job) {
  return job.has_forked_from() || job.spec().has_warm_start() ||
         !job.spec().initial_state().parameters_digest().empty();
}

}  // namespace trainyard
