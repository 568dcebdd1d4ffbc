#include "server/run/checkpoint_saver.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/sha256.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status Damaged(const StoredCheckpoint& stored, const absl::Status& found) {
  return WithReason(absl::DataLossError(absl::StrCat(found.message(), "; it was of step ", stored.step,
                                                     ", and its parameters had the SHA-256 ", stored.digest)),
                    "CHECKPOINT_DAMAGED", {{"step", absl::StrCat(stored.step)}, {"digest", stored.digest}});
}

bool IsSmall(const Checkpoint& checkpoint) { return ArrayBytes(checkpoint) <= kMostBytesInRow; }

}  // namespace

void CheckpointSaver::Save(JobKey job, Checkpoint checkpoint, StoredCheckpoint stored, Done done) {
  if (IsSmall(checkpoint) && !HasWaiting(job)) return done(Write(job, checkpoint, std::move(stored)));
  BeginWaiting(job);
  ThreadOf(job).Submit(
      [this, job, checkpoint = std::move(checkpoint), stored = std::move(stored), done = std::move(done)]() mutable {
        done(Write(job, checkpoint, std::move(stored)));
        EndWaiting(job);
      });
}

absl::StatusOr<SavedCheckpoint> CheckpointSaver::SaveFirst(JobKey job, const Checkpoint& checkpoint, int32_t attempt,
                                                           int64_t log_position) const {
  return Write(job, checkpoint, {.attempt = attempt, .log_position = log_position, .pinned = true});
}

absl::StatusOr<SavedCheckpoint> CheckpointSaver::Write(JobKey job, const Checkpoint& checkpoint,
                                                       StoredCheckpoint stored) const {
  const absl::Time begin = absl::Now();
  std::string bytes = EncodeCheckpoint(checkpoint);
  stored.step = checkpoint.step;
  stored.digest = checkpoint.parameters_digest;
  stored.file =
      absl::StrCat("checkpoint-", job, "-", stored.attempt, "-", stored.step, "-", absl::GetCurrentTimeNanos());
  stored.size_bytes = static_cast<int64_t>(bytes.size());
  stored.in_row = IsSmall(checkpoint);
  if (stored.in_row) {
    stored.state = std::move(bytes);
  } else {
    ASSIGN_OR_RETURN(const std::unique_ptr<BlobWriter> writer, blobs_.Create(stored.file));
    RETURN_IF_ERROR(writer->Append(bytes));
    RETURN_IF_ERROR(writer->Publish());
  }
  std::string held_digest =
      checkpoint.best.has_value() ? Sha256Of(checkpoint.best->parameters) : checkpoint.parameters_digest;
  return SavedCheckpoint{
      .stored = std::move(stored), .held_digest = std::move(held_digest), .took = absl::Now() - begin};
}

absl::StatusOr<Checkpoint> CheckpointSaver::Load(JobKey job, const StoredCheckpoint& stored) const {
  absl::StatusOr<Checkpoint> checkpoint = LoadUnnamed(job, stored);
  if (absl::IsDataLoss(checkpoint.status())) return Damaged(stored, checkpoint.status());
  return checkpoint;
}

absl::StatusOr<ChosenCheckpoint> CheckpointSaver::LoadChosen(JobKey job, Choose choose) const {
  std::string missing;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<StoredCheckpoint> kept, catalogue_.Checkpoints(job));
    ASSIGN_OR_RETURN(StoredCheckpoint chosen, choose(kept));
    absl::StatusOr<Checkpoint> state = Load(job, chosen);
    if (state.ok()) return ChosenCheckpoint{std::move(chosen), *std::move(state), std::move(kept)};
    if (!absl::IsNotFound(state.status())) return state.status();
    // A row is there no longer than its file.
    if (chosen.file == missing) return Damaged(chosen, state.status());
    missing = std::move(chosen.file);
  }
}

absl::StatusOr<Checkpoint> CheckpointSaver::LoadUnnamed(JobKey job, const StoredCheckpoint& stored) const {
  if (stored.in_row) {
    ASSIGN_OR_RETURN(const std::string state, catalogue_.CheckpointState(job, stored.file));
    return DecodeCheckpoint(state);
  }
  ASSIGN_OR_RETURN(const auto file, blobs_.Map(stored.file));
  return DecodeCheckpoint(file->bytes());
}

absl::Status CheckpointSaver::RemoveFile(const StoredCheckpoint& stored) const {
  return stored.in_row ? absl::OkStatus() : blobs_.Remove(stored.file);
}

void CheckpointSaver::RemoveFileLater(JobKey job, StoredCheckpoint stored) {
  ThreadOf(job).Submit([this, stored = std::move(stored)] { RemoveFile(stored).IgnoreError(); });
}

void CheckpointSaver::BeginWaiting(JobKey job) {
  absl::MutexLock lock(&mutex_);
  ++waiting_[job];
}

void CheckpointSaver::EndWaiting(JobKey job) {
  absl::MutexLock lock(&mutex_);
  const auto found = waiting_.find(job);
  if (--found->second == 0) waiting_.erase(found);
}

bool CheckpointSaver::HasWaiting(JobKey job) {
  absl::MutexLock lock(&mutex_);
  return waiting_.contains(job);
}

}  // namespace trainyard
