#include "core/optim/clipping.h"

#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "core/optim/make_optimizer.h"
#include "gmock/gmock.h"
#include "tests/testing/quadratic_objective.h"

namespace trainyard {
namespace {

// Two layers: (3, 4) of norm 5 and (0, 12) of norm 12; the whole has norm 13.
struct TwoLayers {
  std::vector<double> first = {3, 4};
  std::vector<double> second = {0, 12};
  std::vector<std::span<const double>> layers = {first, second};
};

Clipper Clipped(const ClippingOptions& options) {
  const TwoLayers gradient;
  Clipper clipper(options, 2);
  clipper.Measure<double>(gradient.layers, 13);
  return clipper;
}

TEST(ClipperTest, NothingIsClippedUnlessAskedFor) {
  const Clipper clipper = Clipped(NoClipping());
  EXPECT_FALSE(clipper.active());
  EXPECT_FALSE(clipper.clipped());
  EXPECT_EQ(clipper.scale(0), 1);
  EXPECT_EQ(clipper.clipped_norm(), 13);
}

TEST(ClipperTest, TheGlobalNormScalesAllLayersAlike) {
  const Clipper clipper = Clipped(ClipGlobalNorm{.max_norm = 6.5});
  EXPECT_TRUE(clipper.clipped());
  EXPECT_EQ(clipper.scale(0), 0.5);
  EXPECT_EQ(clipper.scale(1), 0.5);
  EXPECT_EQ(clipper.clipped_norm(), 6.5);
}

TEST(ClipperTest, ANormAtTheLimitIsLeftAlone) {
  const Clipper clipper = Clipped(ClipGlobalNorm{.max_norm = 13});
  EXPECT_FALSE(clipper.clipped());
  EXPECT_EQ(clipper.scale(0), 1);
}

TEST(ClipperTest, LayersAreScaledEachByItsOwnNorm) {
  const Clipper clipper = Clipped(ClipLayerNorm{.max_norm = 6});
  EXPECT_TRUE(clipper.clipped());
  EXPECT_EQ(clipper.scale(0), 1);
  EXPECT_EQ(clipper.scale(1), 0.5);
  EXPECT_EQ(clipper.clipped_norm(), std::sqrt(25.0 + 36.0));
}

TEST(ClipperTest, ValuesAreBoundedElementByElement) {
  const Clipper clipper = Clipped(ClipValue{.limit = 3.5});
  EXPECT_TRUE(clipper.clipped());
  EXPECT_EQ(clipper.limit(), 3.5);
  EXPECT_EQ(clipper.scale(0), 1);
  EXPECT_EQ(clipper.clipped_norm(), std::sqrt(9 + 2 * 3.5 * 3.5));
}

TEST(ClipperTest, AGradientMeasuredAnewForgetsTheLast) {
  const TwoLayers gradient;
  Clipper clipper(ClipGlobalNorm{.max_norm = 6.5}, 2);
  clipper.Measure<double>(gradient.layers, 13);
  clipper.Measure<double>(gradient.layers, 1);
  EXPECT_FALSE(clipper.clipped());
  EXPECT_EQ(clipper.scale(1), 1);
  EXPECT_EQ(clipper.clipped_norm(), 1);
}

// One step of plain descent on f(w) = h w^2 / 2 from w = 1, so g = h.
double StepFrom1(double curvature, const Pending& pending, double rate) {
  QuadraticObjective objective({curvature});
  objective.pending = pending;
  std::vector<double> w = {1};
  const auto optimizer = MakeOptimizer<double>(SgdOptions(), 1);
  EXPECT_TRUE(optimizer->Step({.learning_rate = rate}, objective, w).ok());
  return w[0];
}

TEST(PendingTest, AScaleAndALimitApplyToDataAndPenaltyTogether) {
  EXPECT_DOUBLE_EQ(StepFrom1(2, {.scale = 0.5, .l2 = 4}, 0.1), 1 - 0.1 * 0.5 * (2 + 4));
  EXPECT_DOUBLE_EQ(StepFrom1(2, {.limit = 1.5, .l2 = 4}, 0.1), 1 - 0.1 * 1.5);
  EXPECT_DOUBLE_EQ(StepFrom1(-2, {.limit = 1.5}, 0.1), 1 + 0.1 * 1.5);
}

TEST(PendingTest, DecayIsDecoupledFromTheGradientAndItsClipping) {
  EXPECT_DOUBLE_EQ(StepFrom1(2, {.limit = 1.5, .decay = 3}, 0.1), 1 - 0.1 * 3 - 0.1 * 1.5);
}

// The velocity does not see the decay: v_1 = -eps g; theta_1 = (1 - eps lambda) theta_0 + v_1.
TEST(PendingTest, DecayDoesNotEnterTheVelocity) {
  for (const UpdateRuleOptions& rule : {UpdateRuleOptions(MomentumOptions()), UpdateRuleOptions(NesterovOptions())}) {
    QuadraticObjective objective({2});
    objective.pending = {.decay = 3};
    std::vector<double> w = {1};
    const auto optimizer = MakeOptimizer<double>(rule, 1);
    ASSERT_TRUE(optimizer->Step({.learning_rate = 0.1, .momentum = 0.9}, objective, w).ok());
    double velocity = 0;
    std::memcpy(&velocity, optimizer->state()[0].bytes.data(), sizeof(double));
    EXPECT_DOUBLE_EQ(velocity, -0.2);
    EXPECT_DOUBLE_EQ(w[0], (1 - 0.3) - 0.2);
  }
}

}  // namespace
}  // namespace trainyard
