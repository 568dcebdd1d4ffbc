#include <algorithm>
#include <functional>
#include <limits>

#include "core/kernel/kernels.h"
#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

template <typename Real>
struct State {
  AlignedVector<Real> g;
  AlignedVector<Real> v;
  AlignedVector<Real> theta;
  AlignedVector<Real> ahead;
};

// Behind the elements lies one that nobody may write to.
template <typename Real>
State<Real> RandomState(int64_t size, uint64_t seed) {
  Noise noise(seed);
  State<Real> state;
  for (AlignedVector<Real>* array : {&state.g, &state.v, &state.theta, &state.ahead}) {
    for (int64_t i = 0; i < size; ++i) array->push_back(static_cast<Real>(noise()));
    array->push_back(kUntouched<Real>);
  }
  for (int64_t i = 0; i < size; i += 7) state.theta[i] = state.ahead[i] = 0;
  return state;
}

template <typename Real>
Real Completed(Real d, Real p, const Pending& pending) {
  const Real sign = p > 0 ? Real{1} : p < 0 ? Real{-1} : Real{0};
  const Real penalised = std::fma(static_cast<Real>(pending.l2), p, d) + static_cast<Real>(pending.l1) * sign;
  const Real limit = static_cast<Real>(pending.limit);
  return std::clamp(static_cast<Real>(pending.scale) * penalised, -limit, limit);
}

template <typename Real>
Real Decayed(Real theta, const UpdateRates<Real>& rates) {
  return std::fma(-static_cast<Real>(rates.learning_rate * rates.pending.decay), theta, theta);
}

template <typename Real>
void ReferenceMove(const UpdateRates<Real>& rates, Real g, Real& v, Real& theta) {
  v = std::fma(-rates.learning_rate, g, rates.momentum * v);
  theta = Decayed(theta, rates) + v;
}

const Pending kPendings[] = {
    {},
    {.scale = 0.3},
    {.limit = 0.25},
    {.l2 = 0.1},
    {.l1 = 0.1},
    {.decay = 0.5},
    {.scale = 0.7, .limit = 0.5, .l2 = 0.01, .l1 = 0.02, .decay = 0.1},
};

template <typename Real>
void ForEachCase(const std::function<void(const Kernels<Real>&, const UpdateRates<Real>&, int64_t)>& check) {
  for (const InstructionSet set : InstructionSets()) {
    for (const Pending& pending : kPendings) {
      for (const bool fetched : {false, true}) {
        const UpdateRates<Real> rates = {Real(0.1), Real(0.9), pending, fetched};
        for (int64_t size = 0; size <= 70; ++size) check(KernelsFor<Real>(set), rates, size);
        check(KernelsFor<Real>(set), rates, 5000);
      }
    }
  }
}

template <typename Real>
class UpdatesTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(UpdatesTest, Reals);

TYPED_TEST(UpdatesTest, SgdStepsDownTheCompletedGradient) {
  using Real = TypeParam;
  ForEachCase<Real>([](const Kernels<Real>& kernels, const UpdateRates<Real>& rates, int64_t size) {
    State<Real> state = RandomState<Real>(size, size + 1);
    State<Real> expected = state;
    for (int64_t i = 0; i < size; ++i) {
      const Real g = Completed(expected.g[i], expected.theta[i], rates.pending);
      expected.theta[i] = Decayed(expected.theta[i], rates) - rates.learning_rate * g;
    }
    kernels.sgd(rates, std::span(state.g).first(size), state.theta.data());
    ASSERT_TRUE(AllSameBits(state.theta, expected.theta)) << size;
  });
}

TYPED_TEST(UpdatesTest, MomentumMovesVelocityAndParameters) {
  using Real = TypeParam;
  ForEachCase<Real>([](const Kernels<Real>& kernels, const UpdateRates<Real>& rates, int64_t size) {
    State<Real> state = RandomState<Real>(size, size + 2);
    State<Real> expected = state;
    for (int64_t i = 0; i < size; ++i) {
      const Real g = Completed(expected.g[i], expected.theta[i], rates.pending);
      ReferenceMove(rates, g, expected.v[i], expected.theta[i]);
    }
    kernels.momentum(rates, std::span(state.g).first(size), state.v.data(), state.theta.data());
    ASSERT_TRUE(AllSameBits(state.v, expected.v)) << size;
    ASSERT_TRUE(AllSameBits(state.theta, expected.theta)) << size;
  });
}

TYPED_TEST(UpdatesTest, NesterovTakesTheGradientAheadAndLooksAheadAgain) {
  using Real = TypeParam;
  ForEachCase<Real>([](const Kernels<Real>& kernels, const UpdateRates<Real>& rates, int64_t size) {
    State<Real> state = RandomState<Real>(size, size + 3);
    State<Real> expected = state;
    for (int64_t i = 0; i < size; ++i) {
      const Real g = Completed(expected.g[i], expected.ahead[i], rates.pending);
      ReferenceMove(rates, g, expected.v[i], expected.theta[i]);
      expected.ahead[i] = std::fma(rates.momentum, expected.v[i], expected.theta[i]);
    }
    kernels.nesterov(rates, std::span(state.g).first(size), state.v.data(), state.theta.data(), state.ahead.data());
    ASSERT_TRUE(AllSameBits(state.v, expected.v)) << size;
    ASSERT_TRUE(AllSameBits(state.theta, expected.theta)) << size;
    ASSERT_TRUE(AllSameBits(state.ahead, expected.ahead)) << size;
  });
}

TYPED_TEST(UpdatesTest, ALimitThatIsNotReachedChangesNoBit) {
  using Real = TypeParam;
  for (const InstructionSet set : InstructionSets()) {
    const UpdateRates<Real> plain = {Real(0.1), Real(0.9), {}};
    const UpdateRates<Real> limited = {Real(0.1), Real(0.9), {.limit = 100}};
    State<Real> a = RandomState<Real>(1000, 4);
    State<Real> b = a;
    KernelsFor<Real>(set).nesterov(plain, a.g, a.v.data(), a.theta.data(), a.ahead.data());
    KernelsFor<Real>(set).nesterov(limited, b.g, b.v.data(), b.theta.data(), b.ahead.data());
    EXPECT_TRUE(AllSameBits(a.v, b.v));
    EXPECT_TRUE(AllSameBits(a.theta, b.theta));
    EXPECT_TRUE(AllSameBits(a.ahead, b.ahead));
  }
}

TYPED_TEST(UpdatesTest, AGradientThatIsNotANumberIsNotClipped) {
  using Real = TypeParam;
  for (const InstructionSet set : InstructionSets()) {
    const AlignedVector<Real> g(20, std::numeric_limits<Real>::quiet_NaN());
    AlignedVector<Real> theta(20, Real{1});
    KernelsFor<Real>(set).sgd({.learning_rate = 1, .pending = {.limit = 1}}, g, theta.data());
    for (const Real p : theta) EXPECT_TRUE(std::isnan(p));
  }
}

}  // namespace
}  // namespace trainyard
