#include "server/run/efficient_minibatch.h"

#include <map>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

// Seconds of minibatches of 1, 2, 4, ... examples: a fixed part, and one for each example.
std::vector<double> Seconds(double fixed, double each, size_t count = 11) {
  std::vector<double> seconds;
  for (size_t k = 0; k < count; ++k) seconds.push_back(fixed + each * static_cast<double>(int64_t{1} << k));
  return seconds;
}

TEST(EfficientMinibatchTest, WithoutAFixedPartOneExampleIsEfficient) {
  EXPECT_EQ(SmallestEfficientMinibatch(Seconds(0, 1)), 1);
}

TEST(EfficientMinibatchTest, ReachesFourFifthsOfTheRateOfThe1024) {
  // Rate m / (100 + m): 0.911 at 1,024; 0.836 at 512 is above 0.729, 0.719 at 256 is not.
  EXPECT_EQ(SmallestEfficientMinibatch(Seconds(100, 1)), 512);
  EXPECT_EQ(SmallestEfficientMinibatch(Seconds(1, 1)), 4);
}

TEST(EfficientMinibatchTest, WhereTheFixedPartIsAllTheLargestIsTheSmallest) {
  EXPECT_EQ(SmallestEfficientMinibatch(Seconds(1, 0)), 1024);
}

TEST(EfficientMinibatchTest, WhatWasNotMeasuredGoesOnInAStraightLine) {
  for (size_t count = 2; count <= 11; ++count) {
    EXPECT_EQ(SmallestEfficientMinibatch(Seconds(100, 1, count)), 512) << count;
  }
}

TEST(EfficientMinibatchTest, TimesThatFallAreTakenAsEqual) {
  EXPECT_EQ(SmallestEfficientMinibatch(std::vector<double>{2, 1}), 1024);
}

class CountingProbe final : public StepProbe {
 public:
  void Step(int64_t size) override { ++steps[size]; }
  std::map<int64_t, int> steps;
};

TEST(EfficientMinibatchTest, EverySizeIsTriedWhereStepsAreShort) {
  CountingProbe probe;
  EXPECT_EQ(MeasureStepSeconds(probe).size(), 11u);
  EXPECT_EQ(probe.steps.size(), 11u);
  EXPECT_EQ(probe.steps.rbegin()->first, 1024);
}

}  // namespace
}  // namespace trainyard
