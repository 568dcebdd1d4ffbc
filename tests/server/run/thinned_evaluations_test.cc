#include "server/run/thinned_evaluations.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

v1::Evaluation At(int64_t step, v1::Part part = v1::PART_VALIDATION) {
  v1::Evaluation evaluation;
  evaluation.set_step(step);
  evaluation.set_part(part);
  return evaluation;
}

// What so many evaluations take in an answer.
size_t BytesOf(int count) { return static_cast<size_t>(count) * (At(1).ByteSizeLong() + 6); }

std::vector<int64_t> StepsOf(ThinnedEvaluations& thinned) {
  google::protobuf::RepeatedPtrField<v1::Evaluation> evaluations;
  thinned.MoveTo(evaluations);
  std::vector<int64_t> steps;
  for (const v1::Evaluation& evaluation : evaluations) steps.push_back(evaluation.step());
  return steps;
}

TEST(ThinnedEvaluationsTest, WhatIsWithinTheBoundStaysWhole) {
  ThinnedEvaluations thinned(BytesOf(5));
  for (int64_t step = 1; step <= 5; ++step) thinned.Add(At(step));
  EXPECT_FALSE(thinned.thinned());
  EXPECT_THAT(StepsOf(thinned), ElementsAre(1, 2, 3, 4, 5));
}

TEST(ThinnedEvaluationsTest, BeyondItEverySecondFourthEighthStepStaysAndTheLast) {
  ThinnedEvaluations five(BytesOf(5));
  for (int64_t step = 1; step <= 6; ++step) five.Add(At(step));
  EXPECT_TRUE(five.thinned());
  EXPECT_THAT(StepsOf(five), ElementsAre(1, 3, 5, 6));

  ThinnedEvaluations many(BytesOf(5));
  for (int64_t step = 1; step <= 28; ++step) many.Add(At(step));
  EXPECT_THAT(StepsOf(many), ElementsAre(1, 9, 17, 25, 28));
}

TEST(ThinnedEvaluationsTest, WhatIsOfOneStepStaysOrGoesTogether) {
  ThinnedEvaluations thinned(BytesOf(7));
  for (int64_t step = 1; step <= 4; ++step) {
    thinned.Add(At(step, v1::PART_TRAINING));
    thinned.Add(At(step));
  }
  EXPECT_THAT(StepsOf(thinned), ElementsAre(1, 1, 3, 3, 4, 4));
}

TEST(ThinnedEvaluationsTest, TheFirstAndTheLastStayInAnyCase) {
  ThinnedEvaluations thinned(0);
  for (int64_t step = 1; step <= 100; ++step) thinned.Add(At(step));
  EXPECT_THAT(StepsOf(thinned), ElementsAre(1, 100));
}

}  // namespace
}  // namespace trainyard
