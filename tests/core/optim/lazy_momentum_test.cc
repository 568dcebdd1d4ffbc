#include "core/optim/lazy_momentum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>

#include "core/optim/make_sparse_optimizer.h"

namespace trainyard {
namespace {

constexpr int64_t kInputs = 40;
constexpr int64_t kUnits = 2;
constexpr int64_t kWeights = kInputs * kUnits;

// (1/2) sum_u (x w_u + b_u - y_u)^2 with l2 and decay on w; at step k, x has three inputs of 40. The gradient is sparse, or dense for comparison.
class LinearObjective final : public Objective<double> {
 public:
  enum class View { kSparse, kDense };
  LinearObjective(View view, const RegularizationOptions& penalty) : view_(view), penalty_(penalty) {}

  void SetStep(int64_t k) {
    inputs_ = {static_cast<uint32_t>(k * k % 13), static_cast<uint32_t>(13 + k % 7),
               static_cast<uint32_t>(20 + k % 20)};
    values_ = {1, 0.5 + 0.1 * static_cast<double>(k % 3), -1};
  }
  double scale = 1;

  // As the optimiser told it, and as the point has it.
  double told_squares = -1;
  double squares = 0;

  int64_t dimension() const override { return kWeights + kUnits; }
  double Value(std::span<const double>) override { return 0; }
  std::optional<Support> NextSupport() override {
    if (view_ == View::kDense) return std::nullopt;
    return Support{.inputs = inputs_};
  }
  void TellSquaredWeights(double told) override { told_squares = told; }

  absl::Status GradientAtSupport(const SupportPoint<double>& p,
                                 absl::FunctionRef<void(const SparseGradient<double>&)> use) override {
    p.all.empty() ? Evaluate(p) : EvaluateAt(p.all);
    use(Sparse());
    return absl::OkStatus();
  }

  absl::Status Gradient(std::span<const double> p, absl::FunctionRef<void(const GradientView<double>&)> use) override {
    squares = 0;
    for (int64_t j = 0; j < kWeights; ++j) squares += p[j] * p[j];
    EvaluateAt(p);
    if (view_ == View::kSparse) {
      use(GradientView<double>(Sparse()));
      return absl::OkStatus();
    }
    std::vector<double> dense(kWeights);
    for (size_t k = 0; k < 3; ++k) {
      for (int64_t u = 0; u < kUnits; ++u) dense[inputs_[k] * kUnits + u] = gradient_[k * kUnits + u];
    }
    const auto walk = [&](DenseGradient<double>::Visit visit, const Touched<double>&) {
      visit({.begin = 0, .values = dense, .pending = pending()});
      visit({.begin = kWeights, .values = residuals_, .pending = {.scale = scale}});
    };
    use(GradientView<double>(DenseGradient<double>(walk)));
    return absl::OkStatus();
  }

 private:
  Pending pending() const { return {.scale = scale, .l2 = penalty_.l2, .decay = penalty_.weight_decay}; }

  SparseGradient<double> Sparse() const {
    return {.units = kUnits,
            .inputs = inputs_,
            .values = gradient_,
            .bias_begin = kWeights,
            .biases = residuals_,
            .pending = pending(),
            .bias_pending = {.scale = scale}};
  }

  void EvaluateAt(std::span<const double> p) {
    std::vector<double> weights;
    for (const uint32_t input : inputs_) {
      for (int64_t u = 0; u < kUnits; ++u) weights.push_back(p[input * kUnits + u]);
    }
    Evaluate({.weights = weights, .biases = p.subspan(kWeights)});
  }

  void Evaluate(const SupportPoint<double>& p) {
    for (int64_t u = 0; u < kUnits; ++u) {
      residuals_[u] = p.biases[u] - 1.0 - static_cast<double>(u);
      for (size_t k = 0; k < 3; ++k) residuals_[u] += values_[k] * p.weights[k * kUnits + u];
    }
    for (size_t k = 0; k < 3; ++k) {
      for (int64_t u = 0; u < kUnits; ++u) gradient_[k * kUnits + u] = values_[k] * residuals_[u];
    }
  }

  const View view_;
  const RegularizationOptions penalty_;
  std::vector<uint32_t> inputs_;
  std::vector<double> values_;
  std::array<double, kUnits> residuals_;
  std::array<double, 3 * kUnits> gradient_;
};

std::vector<double> Start() {
  std::vector<double> theta(kWeights + kUnits);
  for (size_t j = 0; j < theta.size(); ++j) theta[j] = std::sin(static_cast<double>(j));
  return theta;
}

struct Case {
  UpdateRuleOptions rule;
  RegularizationOptions penalty = {};
};

class LazyMomentumTest : public ::testing::TestWithParam<Case> {
 protected:
  using Rates = StepRates (*)(const UpdateRuleOptions&, int64_t);

  // Largest difference from the dense rule, relative to the largest parameter, over 300 steps.
  double Difference(Rates rates, double (*scale)(int64_t)) {
    const auto& [rule, penalty] = GetParam();
    LinearObjective sparse(LinearObjective::View::kSparse, penalty);
    LinearObjective dense(LinearObjective::View::kDense, penalty);
    const auto lazy = MakeSparseOptimizer<double>(rule, kInputs, kUnits, penalty);
    const auto eager = MakeOptimizer<double>(rule, kWeights + kUnits);
    std::vector<double> a = Start();
    std::vector<double> b = a;
    double largest = 0;
    double difference = 0;
    for (int64_t k = 0; k < 300; ++k) {
      sparse.SetStep(k);
      dense.SetStep(k);
      sparse.scale = dense.scale = scale(k);
      EXPECT_TRUE(lazy->Step(rates(rule, k), sparse, a).ok());
      EXPECT_TRUE(eager->Step(rates(rule, k), dense, b).ok());
      if (penalty.l2 > 0) {
        EXPECT_NEAR(sparse.told_squares, dense.squares, 1e-12 * dense.squares) << k;
      }
      std::vector<double> now = a;
      lazy->Materialize(now);
      for (size_t j = 0; j < b.size(); ++j) {
        largest = std::max(largest, std::abs(b[j]));
        difference = std::max(difference, std::abs(now[j] - b[j]));
      }
    }
    return difference / largest;
  }
};

double AlphaOf(const UpdateRuleOptions& rule) { return std::holds_alternative<SgdOptions>(rule) ? 0 : 0.9; }

StepRates Constant(const UpdateRuleOptions& rule, int64_t) { return {0.05, AlphaOf(rule)}; }
StepRates Decaying(const UpdateRuleOptions& rule, int64_t k) {
  return {0.05 / (1 + static_cast<double>(k) / 50), AlphaOf(rule)};
}
StepRates Rising(const UpdateRuleOptions& rule, int64_t k) {
  return {0.05, AlphaOf(rule) * (k < 100 ? 0.5 : k < 200 ? 0.9 : 1)};
}
StepRates AlwaysRising(const UpdateRuleOptions& rule, int64_t k) {
  return {0.05 / (1 + static_cast<double>(k) / 90), AlphaOf(rule) * std::min(0.5 + static_cast<double>(k) / 400, 1.0)};
}
double NoClipping(int64_t) { return 1; }
double SometimesClipped(int64_t k) { return k % 5 == 0 ? 0.3 : 1; }

TEST_P(LazyMomentumTest, FollowsTheDenseRule) { EXPECT_LT(Difference(Constant, NoClipping), 1e-12); }
TEST_P(LazyMomentumTest, FollowsTheDenseRuleThroughASchedule) { EXPECT_LT(Difference(Decaying, NoClipping), 1e-12); }
TEST_P(LazyMomentumTest, FollowsTheDenseRuleThroughAMomentumSchedule) {
  EXPECT_LT(Difference(Rising, NoClipping), 1e-12);
}
TEST_P(LazyMomentumTest, FollowsTheDenseRuleWhereNoTwoStepsHaveTheSameRates) {
  EXPECT_LT(Difference(AlwaysRising, SometimesClipped), 1e-12);
}
TEST_P(LazyMomentumTest, FollowsTheDenseRuleWhereGradientsAreClipped) {
  EXPECT_LT(Difference(Constant, SometimesClipped), 1e-12);
}

TEST_P(LazyMomentumTest, ALookAtTheParametersChangesNoBit) {
  const auto& [rule, penalty] = GetParam();
  LinearObjective objective(LinearObjective::View::kSparse, penalty);
  const auto watched = MakeSparseOptimizer<double>(rule, kInputs, kUnits, penalty);
  const auto alone = MakeSparseOptimizer<double>(rule, kInputs, kUnits, penalty);
  std::vector<double> a = Start();
  std::vector<double> b = a;
  for (int64_t k = 0; k < 50; ++k) {
    objective.SetStep(k);
    ASSERT_TRUE(watched->Step(AlwaysRising(rule, k), objective, a).ok());
    ASSERT_TRUE(alone->Step(AlwaysRising(rule, k), objective, b).ok());
    std::vector<double> look = a;
    watched->Materialize(look);
  }
  watched->Materialize(a);
  alone->Materialize(b);
  EXPECT_EQ(a, b);
}

TEST_P(LazyMomentumTest, RestoringTheStateRestoresTheRunToTheBit) {
  const auto& [rule, penalty] = GetParam();
  LinearObjective objective(LinearObjective::View::kSparse, penalty);
  const auto whole = MakeSparseOptimizer<double>(rule, kInputs, kUnits, penalty);
  const auto resumed = MakeSparseOptimizer<double>(rule, kInputs, kUnits, penalty);
  std::vector<double> a = Start();
  std::vector<double> b;
  for (int64_t k = 0; k < 60; ++k) {
    if (k == 30) {
      b = a;
      whole->Materialize(b);
      const std::vector<OptimizerArray> from = whole->state();
      const std::vector<OptimizerArray> to = resumed->state();
      ASSERT_EQ(from.size(), to.size());
      for (size_t i = 0; i < from.size(); ++i) {
        ASSERT_EQ(from[i].name, to[i].name);
        std::copy(from[i].bytes.begin(), from[i].bytes.end(), to[i].bytes.begin());
      }
      std::vector<double> look = b;
      resumed->Materialize(look);
      EXPECT_EQ(look, b);
    }
    objective.SetStep(k);
    ASSERT_TRUE(whole->Step(AlwaysRising(rule, k), objective, a).ok());
    if (k < 30) continue;
    ASSERT_TRUE(resumed->Step(AlwaysRising(rule, k), objective, b).ok());
  }
  whole->Materialize(a);
  resumed->Materialize(b);
  EXPECT_EQ(a, b);
}

constexpr RegularizationOptions kL2 = {.l2 = 0.01};
constexpr RegularizationOptions kDecay = {.weight_decay = 0.02};
constexpr RegularizationOptions kBoth = {.l2 = 0.01, .weight_decay = 0.02};

std::string NameOf(const ::testing::TestParamInfo<Case>& one) {
  constexpr const char* kRules[] = {"Nesterov", "Momentum", "Sgd"};
  return std::string(kRules[one.param.rule.index()]) + (one.param.penalty.l2 > 0 ? "WithL2" : "") +
         (one.param.penalty.weight_decay > 0 ? "WithDecay" : "");
}

INSTANTIATE_TEST_SUITE_P(All, LazyMomentumTest,
                         ::testing::Values(Case{SgdOptions()}, Case{MomentumOptions()}, Case{NesterovOptions()},
                                           Case{SgdOptions(), kL2}, Case{MomentumOptions(), kL2},
                                           Case{NesterovOptions(), kL2}, Case{SgdOptions(), kDecay},
                                           Case{MomentumOptions(), kDecay}, Case{NesterovOptions(), kBoth}),
                         NameOf);

TEST(LazyStepTest, AStepTouchesTheInputsOfItsMinibatchAlone) {
  LinearObjective objective(LinearObjective::View::kSparse, kL2);
  LazyMomentum<double> optimizer(LazyRule::kNesterov, kInputs, kUnits, kL2.l2);
  std::vector<double> theta = Start();
  // By input, as they are in memory.
  const auto weights = [&optimizer] {
    const std::span<const std::byte> bytes = optimizer.state()[0].bytes;
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  objective.SetStep(0);
  ASSERT_TRUE(optimizer.Step({0.05, 0.9}, objective, theta).ok());
  for (int64_t k = 1; k < 30; ++k) {
    const std::vector<std::byte> before = weights();
    objective.SetStep(k);
    ASSERT_TRUE(optimizer.Step(AlwaysRising(NesterovOptions(), k), objective, theta).ok());
    const std::vector<std::byte> after = weights();
    std::set<size_t> moved;
    for (size_t j = 0; j < after.size(); ++j) {
      if (after[j] != before[j]) moved.insert(j / (after.size() / kInputs));
    }
    const std::span<const uint32_t> inputs = objective.NextSupport()->inputs;
    EXPECT_EQ(moved, std::set<size_t>(inputs.begin(), inputs.end()));
  }
}

}  // namespace
}  // namespace trainyard
