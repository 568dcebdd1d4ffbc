#include "core/train/checkpoint.h"

#include "core/base/sha256.h"
#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

Checkpoint Full() {
  Checkpoint checkpoint{
      .fingerprint = "build",
      .precision = Precision::kF64,
      .step = 7,
      .parameters = "12345678",
      .optimizer_state = {{"velocity", "abcdefgh"}, {"count", std::string("\0\1", 2)}},
      .best = BestParameters{.step = 5, .parameters = "87654321"},
      .last_finite = LastFiniteParameters{.step = 6, .clipped_steps = 2, .clipped_step = 3, .parameters = "12348765"},
      .stopping =
          StoppingState{
              .has_best = true, .best_value = 0.25, .best_step = 5, .patience_used = 2, .recent = {0.5, 0.25}},
      .target_reached = true,
      .schedule_state = "plateau",
      .clipped_steps = 3,
      .clipped_step = 4,
      .learning_rate_factor = 0.25,
      .roll_backs = 2,
      .roll_back_to = "place",
      .evaluated_step = 6,
      .changes_made = 2};
  checkpoint.parameters_digest = Sha256Of(checkpoint.parameters);
  return checkpoint;
}

TEST(CheckpointTest, ComesBackWhole) {
  const absl::StatusOr<Checkpoint> back = DecodeCheckpoint(EncodeCheckpoint(Full()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, Full());
}

TEST(CheckpointTest, ComesBackWithoutABest) {
  Checkpoint checkpoint = Full();
  checkpoint.best.reset();
  EXPECT_EQ(*DecodeCheckpoint(EncodeCheckpoint(checkpoint)), checkpoint);
}

TEST(CheckpointTest, EveryPrefixIsDataLoss) {
  const std::string bytes = EncodeCheckpoint(Full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeCheckpoint(std::string_view(bytes).substr(0, size)).status().code(), absl::StatusCode::kDataLoss)
        << size;
  }
}

TEST(CheckpointTest, EveryAlteredByteIsDataLoss) {
  const std::string bytes = EncodeCheckpoint(Full());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(DecodeCheckpoint(altered).status().code(), absl::StatusCode::kDataLoss) << i;
  }
}

TEST(CheckpointTest, SectionsThatAreCutShortAreDataLossEvenUnderTheRightDigest) {
  const std::string bytes = EncodeCheckpoint(Full());
  for (size_t size = 12; size < bytes.size() - 64; ++size) {
    std::string cut = bytes.substr(0, size);
    cut.append(Sha256Of(cut));
    EXPECT_FALSE(DecodeCheckpoint(cut).ok()) << size;
  }
}

TEST(CheckpointTest, ParametersMustMatchTheirDigest) {
  Checkpoint checkpoint = Full();
  checkpoint.parameters_digest = Sha256Of("other");
  EXPECT_EQ(ErrorReason(DecodeCheckpoint(EncodeCheckpoint(checkpoint)).status()), "CHECKPOINT_DAMAGED");
}

}  // namespace
}  // namespace trainyard
