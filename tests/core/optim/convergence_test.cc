// Convergence rates of SGD with a falling learning rate, as the theorems have them (Goodfellow et al. (2016), section 8.3.1): the excess
// error of a strongly convex function falls like 1/k, that of a convex one like 1/sqrt(k).

#include <cmath>
#include <functional>

#include "core/base/random.h"
#include "core/optim/make_optimizer.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

constexpr int kSeeds = 1'000;
constexpr int64_t kFirstStep = 100;
constexpr int64_t kLastStep = 10'000;
constexpr int kPoints = 21;

// A function of one variable with its minimum 0, whose gradients come with noise, uniform in (-noise, noise).
class NoisyObjective final : public Objective<double> {
 public:
  using Function = std::function<double(double)>;
  NoisyObjective(Function value, Function gradient, double noise, uint64_t seed)
      : value_(std::move(value)),
        gradient_(std::move(gradient)),
        noise_(noise),
        random_(seed, RandomPurpose::kPermutation, 0) {}

  int64_t dimension() const override { return 1; }
  double Value(std::span<const double> w) override { return value_(w[0]); }

  absl::Status Gradient(std::span<const double> w, absl::FunctionRef<void(const GradientView<double>&)> use) override {
    const double g = gradient_(w[0]) + noise_ * (2 * random_.Uniform(drawn_++) - 1);
    const auto walk = [g](DenseGradient<double>::Visit visit, const Touched<double>&) {
      visit({.begin = 0, .values = std::span(&g, 1), .pending = {}});
    };
    use(GradientView<double>(DenseGradient<double>(walk)));
    return absl::OkStatus();
  }

 private:
  const Function value_;
  const Function gradient_;
  const double noise_;
  const RandomStream random_;
  uint64_t drawn_ = 0;
};

// Steps from kFirstStep to kLastStep, at equal distances of their logarithms.
std::vector<int64_t> MeasuredSteps() {
  std::vector<int64_t> steps;
  const double ratio = static_cast<double>(kLastStep) / kFirstStep;
  for (int i = 0; i < kPoints; ++i) steps.push_back(std::llround(kFirstStep * std::pow(ratio, i / (kPoints - 1.0))));
  return steps;
}

// Of log(errors) over log(steps), by least squares.
double FittedExponent(const std::vector<int64_t>& steps, const std::vector<double>& errors) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    const double x = std::log(static_cast<double>(steps[i]));
    const double y = std::log(errors[i]);
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  const double n = static_cast<double>(steps.size());
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

// The exponent of E f(w_k), k from kFirstStep to kLastStep, with eps_k = c / (k + 1)^power.
double ExponentOfTheError(const NoisyObjective::Function& value, const NoisyObjective::Function& gradient, double start,
                          double c, double power) {
  const auto schedule = *MakeSchedule({.kind = InverseOptions{.power = power, .length = Steps{1}}}, c, {});
  const std::vector<int64_t> steps = MeasuredSteps();
  std::vector<double> errors(steps.size());
  for (int seed = 0; seed < kSeeds; ++seed) {
    NoisyObjective objective(value, gradient, 2, static_cast<uint64_t>(seed));
    Sgd<double> sgd;
    std::vector<double> w = {start};
    size_t next = 0;
    for (int64_t k = 0; next < steps.size(); ++k) {
      if (k == steps[next]) errors[next++] += objective.Value(w) / kSeeds;
      EXPECT_TRUE(sgd.Step({.learning_rate = schedule->At(k)}, objective, w).ok());
    }
  }
  return FittedExponent(steps, errors);
}

class StrongConvexityTest : public ::testing::TestWithParam<double> {};

TEST_P(StrongConvexityTest, TheErrorFallsLikeOneOverK) {
  const double mu = 0.5;
  const double exponent = ExponentOfTheError([mu](double w) { return mu * w * w / 2; },
                                             [mu](double w) { return mu * w; }, 1, GetParam() / mu, 1);
  EXPECT_NEAR(exponent, -1, 0.15);
}

// c mu
INSTANTIATE_TEST_SUITE_P(Rates, StrongConvexityTest, ::testing::Values(1.0, 2.0));

TEST(ConvexityTest, TheErrorFallsLikeOneOverTheRootOfK) {
  const double exponent =
      ExponentOfTheError([](double w) { return std::abs(w); }, [](double w) { return (w > 0) - (w < 0); }, 0, 1, 0.5);
  EXPECT_NEAR(exponent, -0.5, 0.15);
}

}  // namespace
}  // namespace trainyard
