// The update rules against trajectories by hand and closed forms on quadratics.

#include <cmath>
#include <complex>

#include "core/base/status.h"
#include "core/optim/make_optimizer.h"
#include "gmock/gmock.h"
#include "tests/testing/quadratic_objective.h"

namespace trainyard {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using Complex = std::complex<double>;

double AlphaOf(const UpdateRuleOptions& rule) { return MakeMomentumSchedule(rule, {})->At(0); }

// w_1, w_2, ... on f(w) = h w^2 / 2 from w_0 = 1.
std::vector<double> Trajectory(const UpdateRuleOptions& rule, double rate, double curvature, int steps) {
  QuadraticObjective objective({curvature});
  const auto optimizer = MakeOptimizer<double>(rule, 1);
  std::vector<double> w = {1};
  std::vector<double> trajectory;
  for (int k = 0; k < steps; ++k) {
    EXPECT_TRUE(optimizer->Step({.learning_rate = rate, .momentum = AlphaOf(rule)}, objective, w).ok());
    trajectory.push_back(w[0]);
  }
  return trajectory;
}

// The solution of w_{k+2} = p w_{k+1} - q w_k with w_0 = 1 and w_1, from its distinct characteristic roots; `larger` and `scale` bound it:
// |w_k| <= scale |larger|^k.
struct Recurrence {
  Recurrence(double p, double q, double w1) {
    const Complex root = std::sqrt(Complex(p * p - 4 * q));
    r1 = (p + root) / 2.0;
    r2 = (p - root) / 2.0;
    a = (w1 - r2) / (r1 - r2);
    b = 1.0 - a;
    larger = std::max(std::abs(r1), std::abs(r2));
    scale = std::abs(a) + std::abs(b);
  }
  double At(int k) const { return (a * std::pow(r1, k) + b * std::pow(r2, k)).real(); }

  Complex r1, r2, a, b;
  double larger, scale;
};

// |w_k - closed form| <= 1e-12 C |r|^k with C = 100 scale: rounding grows no faster than the solution itself.
void ExpectClosedForm(const std::vector<double>& trajectory, const Recurrence& recurrence) {
  for (int k = 1; k <= static_cast<int>(trajectory.size()); ++k) {
    const double bound = 1e-12 * 100 * recurrence.scale * std::pow(recurrence.larger, k);
    ASSERT_NEAR(trajectory[k - 1], recurrence.At(k), bound) << "step " << k;
  }
}

TEST(SgdTest, FollowsTheTrajectoryByHand) {
  EXPECT_THAT(Trajectory(SgdOptions(), 0.1, 1, 3),
              ElementsAre(DoubleNear(0.9, 1e-15), DoubleNear(0.81, 1e-15), DoubleNear(0.729, 1e-15)));
}

TEST(MomentumTest, FollowsTheTrajectoryByHand) {
  EXPECT_THAT(Trajectory(MomentumOptions{.momentum = 0.5}, 0.1, 1, 3),
              ElementsAre(DoubleNear(0.9, 1e-15), DoubleNear(0.76, 1e-15), DoubleNear(0.614, 1e-15)));
}

TEST(NesterovTest, FollowsTheTrajectoryOfATrueLookAheadByHand) {
  EXPECT_THAT(Trajectory(NesterovOptions{.momentum = 0.5}, 0.1, 1, 3),
              ElementsAre(DoubleNear(0.9, 1e-15), DoubleNear(0.765, 1e-15), DoubleNear(0.62775, 1e-15)));
}

TEST(SgdTest, FollowsTheClosedFormOnAQuadratic) {
  const std::vector<double> trajectory = Trajectory(SgdOptions(), 0.05, 0.7, 500);
  for (int k = 1; k <= 500; ++k) {
    const double expected = std::pow(1 - 0.05 * 0.7, k);
    ASSERT_NEAR(trajectory[k - 1], expected, 1e-12 * expected) << "step " << k;
  }
}

struct QuadraticCase {
  double rate, curvature, alpha;
};

class ClosedFormTest : public ::testing::TestWithParam<QuadraticCase> {};

// w_{k+2} = (1 + alpha - eps h) w_{k+1} - alpha w_k
TEST_P(ClosedFormTest, MomentumFollowsItOnAQuadratic) {
  const auto [rate, h, alpha] = GetParam();
  ExpectClosedForm(Trajectory(MomentumOptions{.momentum = alpha}, rate, h, 400),
                   Recurrence(1 + alpha - rate * h, alpha, 1 - rate * h));
}

// w_{k+2} = (1 - eps h)(1 + alpha) w_{k+1} - alpha (1 - eps h) w_k
TEST_P(ClosedFormTest, NesterovFollowsItOnAQuadratic) {
  const auto [rate, h, alpha] = GetParam();
  const double shrink = 1 - rate * h;
  ExpectClosedForm(Trajectory(NesterovOptions{.momentum = alpha}, rate, h, 400),
                   Recurrence(shrink * (1 + alpha), alpha * shrink, shrink));
}

// Complex roots, real roots, nearly no momentum, strong momentum.
INSTANTIATE_TEST_SUITE_P(Quadratics, ClosedFormTest,
                         ::testing::Values(QuadraticCase{0.1, 1, 0.9}, QuadraticCase{0.01, 0.5, 0.5},
                                           QuadraticCase{0.3, 2, 0.05}, QuadraticCase{0.02, 1, 0.99}));

TEST(UpdateRulesTest, MomentumZeroIsPlainSgd) {
  const std::vector<double> sgd = Trajectory(SgdOptions(), 0.1, 1, 20);
  EXPECT_EQ(Trajectory(MomentumOptions{.momentum = 0}, 0.1, 1, 20), sgd);
  EXPECT_EQ(Trajectory(NesterovOptions{.momentum = 0}, 0.1, 1, 20), sgd);
}

class EveryRuleTest : public ::testing::TestWithParam<UpdateRuleOptions> {};

TEST_P(EveryRuleTest, AppliesWhatIsPendingOnTheGradient) {
  // f = w^2 / 2 with l2 = 1 and scale = 1/2 is the gradient of w^2 / 2 itself.
  QuadraticObjective plain({1, 1});
  QuadraticObjective pending({1, 1});
  pending.pending = {.scale = 0.5, .l2 = 1};
  const auto a = MakeOptimizer<double>(GetParam(), 2);
  const auto b = MakeOptimizer<double>(GetParam(), 2);
  std::vector<double> w = {1, -2};
  std::vector<double> u = w;
  for (int k = 0; k < 10; ++k) {
    const StepRates rates = {.learning_rate = 0.1, .momentum = AlphaOf(GetParam())};
    ASSERT_TRUE(a->Step(rates, plain, w).ok());
    ASSERT_TRUE(b->Step(rates, pending, u).ok());
  }
  EXPECT_EQ(w, u);
}

TEST_P(EveryRuleTest, ASparseViewMovesTheSameWayAsADenseOne) {
  QuadraticObjective dense({1, 0.5, 2});
  SparseQuadraticObjective sparse({1, 0.5, 2});
  const auto a = MakeOptimizer<double>(GetParam(), 3);
  const auto b = MakeOptimizer<double>(GetParam(), 3);
  std::vector<double> w = {1, -2, 3};
  std::vector<double> u = w;
  for (int k = 0; k < 10; ++k) {
    const StepRates rates = {.learning_rate = 0.1, .momentum = AlphaOf(GetParam())};
    ASSERT_TRUE(a->Step(rates, dense, w).ok());
    ASSERT_TRUE(b->Step(rates, sparse, u).ok());
  }
  EXPECT_EQ(w, u);
}

TEST_P(EveryRuleTest, AnErrorOfTheObjectiveLeavesParametersAndStateAsTheyWere) {
  QuadraticObjective objective({1});
  FailingObjective failing(absl::OutOfRangeError("not finite"));
  const auto optimizer = MakeOptimizer<double>(GetParam(), 1);
  const StepRates rates = {.learning_rate = 0.1, .momentum = AlphaOf(GetParam())};
  std::vector<double> w = {1};
  ASSERT_TRUE(optimizer->Step(rates, objective, w).ok());
  const std::vector<double> before = w;
  EXPECT_EQ(optimizer->Step(rates, failing, w).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(w, before);
  ASSERT_TRUE(optimizer->Step(rates, objective, w).ok());
  EXPECT_EQ(w[0], Trajectory(GetParam(), 0.1, 1, 2)[1]);
}

TEST_P(EveryRuleTest, RestoringTheStateRestoresTheRunToTheBit) {
  QuadraticObjective objective({1, 3});
  const StepRates rates = {.learning_rate = 0.1, .momentum = AlphaOf(GetParam())};
  const auto whole = MakeOptimizer<double>(GetParam(), 2);
  std::vector<double> w = {1, -2};
  for (int k = 0; k < 5; ++k) ASSERT_TRUE(whole->Step(rates, objective, w).ok());
  const auto resumed = MakeOptimizer<double>(GetParam(), 2);
  const std::vector<OptimizerArray> from = whole->state();
  const std::vector<OptimizerArray> to = resumed->state();
  ASSERT_EQ(from.size(), to.size());
  for (size_t i = 0; i < from.size(); ++i) std::copy(from[i].bytes.begin(), from[i].bytes.end(), to[i].bytes.begin());
  std::vector<double> u = w;
  for (int k = 0; k < 5; ++k) {
    ASSERT_TRUE(whole->Step(rates, objective, w).ok());
    ASSERT_TRUE(resumed->Step(rates, objective, u).ok());
  }
  EXPECT_EQ(w, u);
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryRuleTest,
                         ::testing::Values(UpdateRuleOptions(SgdOptions()),
                                           UpdateRuleOptions(MomentumOptions{.momentum = 0.9}),
                                           UpdateRuleOptions(NesterovOptions{.momentum = 0.9})));

TEST(OptimizerOptionsTest, TheDefaultsAreValid) { EXPECT_TRUE(Validate(OptimizerOptions()).ok()); }

TEST(OptimizerOptionsTest, NamesTheFirstOptionOutOfRange) {
  const auto message = [](OptimizerOptions options) { return std::string(Validate(options).message()); };
  EXPECT_EQ(message({.learning_rate = 0}), "learning_rate = 0, must be positive and finite");
  EXPECT_EQ(message({.learning_rate = -1}), "learning_rate = -1, must be positive and finite");
  EXPECT_EQ(message({.learning_rate = std::nan("")}), "learning_rate = nan, must be positive and finite");
  EXPECT_EQ(message({.learning_rate = INFINITY}), "learning_rate = inf, must be positive and finite");
  EXPECT_EQ(message({.rule = NesterovOptions{.momentum = 1}}), "nesterov.momentum = 1, must be in [0, 1)");
  EXPECT_EQ(message({.rule = MomentumOptions{.momentum = -0.1}}), "momentum.momentum = -0.1, must be in [0, 1)");
  EXPECT_EQ(message({.schedule = {.kind = LinearOptions{.tau = Steps{0}}}}),
            "schedule.linear.tau_steps = 0, must be at least 1");
  EXPECT_EQ(message({.schedule = {.kind = LinearOptions{.tau = Epochs{0}}}}),
            "schedule.linear.tau_epochs = 0, must be positive and finite");
  EXPECT_EQ(message({.schedule = {.kind = LinearOptions{.final_learning_rate = 0}}}),
            "schedule.linear.final_learning_rate = 0, must be positive and finite");
}

}  // namespace
}  // namespace trainyard
