#include "server/run/verify_job.h"

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/run/branch.h"
#include "server/run/first_state.h"
#include "server/run/replay.h"
#include "server/run/same_data.h"
#include "server/run/spec_changes.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

// Where the steps to compare begin. Without a checkpoint: at the start of the run.
struct Start {
  int32_t attempt = 1;
  std::optional<ChosenCheckpoint> checkpoint;
  std::vector<StoredCheckpoint> kept;

  int64_t step() const { return checkpoint.has_value() ? checkpoint->stored.step : 0; }
  int64_t position() const { return checkpoint.has_value() ? checkpoint->stored.log_position : 0; }
};

class ComparingSink final : public RunSink {
 public:
  explicit ComparingSink(Replay& replay) : replay_(replay) {}

  void Step(const StepMetrics& metrics) override { replay_.Repeats(metrics); }
  void Tell(const RunEvent& run_event) override {
    const v1::Event event = ToProto(run_event);
    if (IsOutput(event)) replay_.Repeats(event);
  }
  void BeginAttempt(Checkpoint) override { attempt_ended_ = true; }
  void Save(Checkpoint) override {}

  bool attempt_ended() const { return attempt_ended_; }

 private:
  Replay& replay_;
  bool attempt_ended_ = false;
};

// `kept`: checkpoints of all attempts, the newest first. The first attempt begins at step 0, from a checkpoint where not all of it was drawn.
std::optional<StoredCheckpoint> FindStart(const v1::Job& job, const std::vector<StoredCheckpoint>& kept,
                                          std::optional<int64_t> from_step) {
  std::optional<StoredCheckpoint> found;
  for (const StoredCheckpoint& checkpoint : kept) {
    if (checkpoint.attempt != job.attempt()) continue;
    const bool wanted =
        from_step.has_value() ? checkpoint.step == *from_step : job.attempt() > 1 || checkpoint.log_position == 0;
    if (wanted) found = checkpoint;
  }
  return found;
}

absl::StatusOr<Start> LoadStart(const v1::Job& job, JobKey key, std::optional<int64_t> from_step,
                                const RunServices& services) {
  Start start{.attempt = job.attempt(), .checkpoint = {}, .kept = {}};
  ASSIGN_OR_RETURN(start.kept, services.catalogue.Checkpoints(key));
  const bool drawn = start.attempt == 1 && !BeginsWithCheckpoint(job) && from_step.value_or(0) == 0;
  if (drawn && !FindStart(job, start.kept, from_step).has_value()) return start;
  const auto choose = [&](const std::vector<StoredCheckpoint>& kept) -> absl::StatusOr<StoredCheckpoint> {
    const std::optional<StoredCheckpoint> found = FindStart(job, kept, from_step);
    if (!found.has_value()) return NoCheckpoint(from_step.value_or(FirstStepOf(job, start.attempt)), kept);
    return *found;
  };
  ASSIGN_OR_RETURN(start.checkpoint, services.saver.LoadChosen(key, choose));
  return start;
}

// Digests of the parameters at later checkpoints of the attempt, by step.
std::map<int64_t, std::string> DigestsBehind(const Start& start) {
  std::map<int64_t, std::string> digests;
  for (const StoredCheckpoint& checkpoint : start.kept) {
    if (checkpoint.attempt == start.attempt && checkpoint.step > start.step()) {
      digests[checkpoint.step] = checkpoint.digest;
    }
  }
  return digests;
}

void CompareParameters(const SteeredTrainer& trainer, std::map<int64_t, std::string>& digests,
                       v1::VerifyJobResponse& response) {
  const auto at = digests.find(trainer.step());
  if (at == digests.end()) return;
  if (trainer.Snapshot().parameters_digest != at->second && response.difference().empty()) {
    response.set_difference(absl::StrCat("the parameters of step ", at->first, " are not those of its checkpoint"));
  }
  response.add_checkpoint_steps(at->first);
  digests.erase(at);
}

absl::Status Compare(SteeredTrainer& trainer, Replay& replay, std::map<int64_t, std::string> digests,
                     int64_t step_count, const std::function<bool()>& cancelled, v1::VerifyJobResponse& response) {
  ComparingSink sink(replay);
  while (replay.active() && replay.steps() < step_count && !replay.difference().has_value() && !sink.attempt_ended()) {
    if (cancelled()) return absl::CancelledError("the caller has gone");
    const bool ended = trainer.Advance(sink) == Trainer::Next::kEnded;
    RETURN_IF_ERROR(trainer.failure());
    RETURN_IF_ERROR(replay.read_status());
    CompareParameters(trainer, digests, response);
    if (ended) {
      replay.ExpectNoMore();
      break;
    }
  }
  if (replay.difference().has_value()) {
    response.set_difference(absl::StrCat(replay.difference()->what, " is not what the log says"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::VerifyJobResponse> VerifyJob(const v1::Job& job, JobKey key, const VerifyOptions& options,
                                                const RunServices& services, const SpecLimits& limits,
                                                const std::function<bool()>& cancelled) {
  if (options.from_step.value_or(0) < 0) return FieldError("from_step", *options.from_step, "at least 0");
  if (options.step_count.value_or(1) < 1) return FieldError("step_count", *options.step_count, "at least 1");
  if (job.state() == v1::STATE_QUEUED) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(job.name(), " has not begun")), "JOB_QUEUED");
  }
  ASSIGN_OR_RETURN(const Start start, LoadStart(job, key, options.from_step, services));
  const Checkpoint* const checkpoint = start.checkpoint.has_value() ? &start.checkpoint->state : nullptr;
  const SpecCheck check = [&](const v1::JobSpec& spec) { return CheckSpec(spec, limits, services.datasets); };
  ASSIGN_OR_RETURN(const CheckedRun checked, check(job.spec()));
  ASSIGN_OR_RETURN(PlannedChanges changes, PlanChanges(job, check));
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(checked.options.data, services.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(checked.options, data, limits.memory_bytes));
  if (const absl::StatusOr<v1::Model> model = services.catalogue.GetModel(job.model()); model.ok()) {
    RETURN_IF_ERROR(CheckSameData(plan, job, *model));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<SteeredTrainer> trainer,
                   SteeredTrainer::Make(std::move(plan), std::move(changes.options), data, checkpoint));

  v1::VerifyJobResponse response;
  response.set_attempt(start.attempt);
  response.set_first_step(start.step());
  response.set_numeric_fingerprint(NumericFingerprint());
  if (checkpoint != nullptr) response.set_checkpoint_fingerprint(checkpoint->fingerprint);
  Replay replay(services.log, key, job.name(), start.attempt);
  RETURN_IF_ERROR(replay.Begin(start.position(), trainer->step()));
  const int64_t step_count = options.step_count.value_or(std::numeric_limits<int64_t>::max());
  RETURN_IF_ERROR(Compare(*trainer, replay, DigestsBehind(start), step_count, cancelled, response));
  response.set_step_count(replay.steps());
  response.set_identical(response.difference().empty());
  return response;
}

}  // namespace trainyard
