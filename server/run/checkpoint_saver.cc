#include "server/run/checkpoint_saver.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/sha256.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

// Fills in what the file decides.
absl::Status Write(Blobs& blobs, JobKey job, const Checkpoint& checkpoint, StoredCheckpoint& stored) {
  const std::string bytes = EncodeCheckpoint(checkpoint);
  stored.step = checkpoint.step;
  stored.digest = checkpoint.parameters_digest;
  stored.file =
      absl::StrCat("checkpoint-", job, "-", stored.attempt, "-", stored.step, "-", absl::GetCurrentTimeNanos());
  stored.size_bytes = static_cast<int64_t>(bytes.size());
  ASSIGN_OR_RETURN(const std::unique_ptr<BlobWriter> writer, blobs.Create(stored.file));
  RETURN_IF_ERROR(writer->Append(bytes));
  return writer->Publish();
}

}  // namespace

void CheckpointSaver::Save(JobKey job, Checkpoint checkpoint, StoredCheckpoint stored, Done done) {
  threads_[static_cast<size_t>(job) % threads_.size()].Submit(
      [this, job, checkpoint = std::move(checkpoint), stored = std::move(stored), done = std::move(done)]() mutable {
        const absl::Time begin = absl::Now();
        if (const absl::Status status = Write(blobs_, job, checkpoint, stored); !status.ok()) return done(status);
        std::string held_digest =
            checkpoint.best.has_value() ? Sha256Of(checkpoint.best->parameters) : checkpoint.parameters_digest;
        done(SavedCheckpoint{
            .stored = std::move(stored), .held_digest = std::move(held_digest), .took = absl::Now() - begin});
      });
}

absl::StatusOr<StoredCheckpoint> CheckpointSaver::SaveFirst(JobKey job, const Checkpoint& checkpoint) {
  StoredCheckpoint stored{.digest = "", .file = "", .log_position = 0, .pinned = true};
  RETURN_IF_ERROR(Write(blobs_, job, checkpoint, stored));
  return stored;
}

absl::StatusOr<Checkpoint> CheckpointSaver::Load(const StoredCheckpoint& stored) const {
  ASSIGN_OR_RETURN(const auto file, blobs_.Map(stored.file));
  return DecodeCheckpoint(file->bytes());
}

}  // namespace trainyard
