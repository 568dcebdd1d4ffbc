#include "server/run/checkpoint_saver.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Checkpoint MakeCheckpoint(int64_t step, size_t parameter_bytes) {
  Checkpoint checkpoint;
  checkpoint.fingerprint = "here";
  checkpoint.step = step;
  checkpoint.parameters = std::string(parameter_bytes, static_cast<char>('a' + step));
  checkpoint.parameters_digest = Sha256Of(checkpoint.parameters);
  return checkpoint;
}

Checkpoint Small(int64_t step) { return MakeCheckpoint(step, 1000); }
Checkpoint Large(int64_t step) { return MakeCheckpoint(step, kMostBytesInRow + 8); }

class CheckpointSaverTest : public testing::Test {
 protected:
  static constexpr JobKey kJob = 7;

  CheckpointSaverTest()
      : queue_(CommitQueue::Open(folder_.Database()).value()),
        catalogue_(Catalogue::Open(folder_.Database()).value()),
        blobs_(Blobs::Open(folder_.path()).value()),
        saver_(std::make_unique<CheckpointSaver>(*blobs_, *catalogue_)) {}

  SavedCheckpoint Save(const Checkpoint& checkpoint) {
    absl::StatusOr<SavedCheckpoint> saved;
    absl::Notification done;
    saver_->Save(kJob, checkpoint, {}, [&](absl::StatusOr<SavedCheckpoint> result) {
      saved = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    return *std::move(saved);
  }
  void Insert(const StoredCheckpoint& stored) {
    ASSERT_TRUE(queue_->CommitDurablyAndWait(catalogue_->Insert(kJob, stored)).ok());
  }
  void RemoveRow(const StoredCheckpoint& stored) {
    const auto remove = [&stored](Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(Statement statement, connection.Prepare("DELETE FROM checkpoints WHERE file = ?"));
      return statement.Bind(1, std::string_view(stored.file)).Step().status();
    };
    ASSERT_TRUE(queue_->CommitDurablyAndWait(remove).ok());
  }
  void Remove(const StoredCheckpoint& stored) {
    RemoveRow(stored);
    ASSERT_TRUE(saver_->RemoveFile(stored).ok());
  }
  StoredCheckpoint Newest() { return catalogue_->Checkpoints(kJob).value().front(); }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<CheckpointSaver> saver_;
};

TEST_F(CheckpointSaverTest, ASmallCheckpointLiesInItsRow) {
  Insert(Save(Small(3)).stored);
  EXPECT_THAT(blobs_->List().value(), IsEmpty());
  EXPECT_EQ(saver_->Load(kJob, Newest()).value(), Small(3));
}

TEST_F(CheckpointSaverTest, ALargeCheckpointIsAFile) {
  Insert(Save(Large(3)).stored);
  EXPECT_THAT(blobs_->List().value(), SizeIs(1));
  EXPECT_EQ(saver_->Load(kJob, Newest()).value(), Large(3));
}

TEST_F(CheckpointSaverTest, AllThatGrowsWithTheParametersCounts) {
  Checkpoint checkpoint = MakeCheckpoint(3, kMostBytesInRow / 2);
  EXPECT_TRUE(Save(checkpoint).stored.in_row);
  checkpoint.optimizer_state = {{.name = "velocity", .bytes = std::string(kMostBytesInRow / 2, 'v')}};
  EXPECT_TRUE(Save(checkpoint).stored.in_row);
  checkpoint.best = BestParameters{.step = 1, .parameters = "b"};
  EXPECT_FALSE(Save(checkpoint).stored.in_row);
  checkpoint.best.reset();
  checkpoint.last_finite = LastFiniteParameters{.step = 1, .parameters = "l"};
  EXPECT_FALSE(Save(checkpoint).stored.in_row);
}

TEST_F(CheckpointSaverTest, ASmallCheckpointIsDoneBeforeSaveReturns) {
  std::thread::id told;
  saver_->Save(kJob, Small(1), {}, [&](const absl::StatusOr<SavedCheckpoint>&) { told = std::this_thread::get_id(); });
  EXPECT_EQ(told, std::this_thread::get_id());
}

TEST_F(CheckpointSaverTest, ASmallCheckpointComesAfterTheLargeOneBeforeIt) {
  absl::Notification go;
  absl::Notification done;
  std::vector<int64_t> order;
  saver_->Save(kJob, Large(1), {}, [&](const absl::StatusOr<SavedCheckpoint>& saved) {
    go.WaitForNotification();
    order.push_back(saved->stored.step);
  });
  saver_->Save(kJob, Small(2), {}, [&](const absl::StatusOr<SavedCheckpoint>& saved) {
    order.push_back(saved->stored.step);
    done.Notify();
  });
  go.Notify();
  done.WaitForNotification();
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST_F(CheckpointSaverTest, TheStateThatAnAttemptBeginsWithIsPinned) {
  const StoredCheckpoint stored = saver_->SaveFirst(kJob, Small(0), 2, 7).value().stored;
  EXPECT_TRUE(stored.pinned);
  EXPECT_EQ(stored.attempt, 2);
  EXPECT_EQ(stored.log_position, 7);
}

TEST_F(CheckpointSaverTest, ACheckpointWhoseRowIsGoneIsNotFound) {
  Insert(Save(Small(3)).stored);
  const StoredCheckpoint stored = Newest();
  RemoveRow(stored);
  EXPECT_TRUE(absl::IsNotFound(saver_->Load(kJob, stored).status()));
}

TEST_F(CheckpointSaverTest, ACheckpointThatWasRemovedBeforeItIsReadIsChosenAgain) {
  for (const Checkpoint& checkpoint : {Small(1), Large(1)}) {
    Insert(Save(Small(2)).stored);
    Insert(Save(checkpoint).stored);
    const absl::StatusOr<ChosenCheckpoint> chosen =
        saver_->LoadChosen(kJob, [this](const auto& kept) -> absl::StatusOr<StoredCheckpoint> {
          if (kept.front().step == 1) Remove(kept.front());
          return kept.front();
        });
    ASSERT_TRUE(chosen.ok()) << chosen.status();
    EXPECT_EQ(chosen->stored.step, 2);
    EXPECT_EQ(chosen->state, Small(2));
    EXPECT_EQ(chosen->kept.front().step, 2);
  }
}

TEST_F(CheckpointSaverTest, WhereNothingIsLeftToChooseTheChoiceSaysWhy) {
  Insert(Save(Large(1)).stored);
  const absl::StatusOr<ChosenCheckpoint> chosen =
      saver_->LoadChosen(kJob, [this](const auto& kept) -> absl::StatusOr<StoredCheckpoint> {
        if (kept.empty()) return absl::FailedPreconditionError("none");
        Remove(kept.front());
        return kept.front();
      });
  EXPECT_EQ(chosen.status(), absl::FailedPreconditionError("none"));
}

TEST_F(CheckpointSaverTest, ACheckpointThatIsKeptWithoutItsFileIsDamaged) {
  Insert(Save(Large(1)).stored);
  ASSERT_TRUE(saver_->RemoveFile(Newest()).ok());
  const absl::Status status = saver_->LoadChosen(kJob, [](const auto& kept) { return kept.front(); }).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_EQ(ErrorReason(status), "CHECKPOINT_DAMAGED");
}

TEST_F(CheckpointSaverTest, RemovingTheFileLeavesNothingOfALargeCheckpoint) {
  const StoredCheckpoint stored = Save(Large(3)).stored;
  EXPECT_TRUE(saver_->RemoveFile(stored).ok());
  EXPECT_THAT(blobs_->List().value(), IsEmpty());
}

TEST_F(CheckpointSaverTest, ASmallCheckpointHasNoFileToRemove) {
  EXPECT_TRUE(saver_->RemoveFile(Save(Small(3)).stored).ok());
}

TEST_F(CheckpointSaverTest, ADamagedRowIsDataLoss) {
  StoredCheckpoint stored = Save(Small(3)).stored;
  stored.state[stored.state.size() / 2] ^= 1;
  Insert(stored);
  EXPECT_TRUE(absl::IsDataLoss(saver_->Load(kJob, Newest()).status()));
}

}  // namespace
}  // namespace trainyard
