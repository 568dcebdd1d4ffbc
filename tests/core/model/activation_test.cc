#include "core/model/activation.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

template <typename Real>
Real Activated(const ActivationOptions& activation, Real z) {
  Activate<Real>(activation, {&z, 1, 1, 1});
  return z;
}

// da/dz, as the backward pass takes it.
template <typename Real>
Real Derivative(const ActivationOptions& activation, Real z) {
  const Real a = Activated(activation, z);
  Real gradient = 1;
  MultiplyDerivative<Real>(activation, {&a, 1, 1, 1}, {&gradient, 1, 1, 1});
  return gradient;
}

TEST(ActivationTest, HasTheseValuesAndDerivatives) {
  const double e = std::exp(1);
  struct {
    ActivationOptions activation;
    double z, a, derivative;
  } const points[] = {
      {Identity(), -2, -2, 1},
      {Relu(), -2, 0, 0},
      {Relu(), 0, 0, 0},
      {Relu(), 2, 2, 1},
      {Tanh(), 0.5, std::tanh(0.5), 1 - std::tanh(0.5) * std::tanh(0.5)},
      {LeakyRelu(), -2, -0.02, 0.01},
      {LeakyRelu{0.25}, -2, -0.5, 0.25},
      {LeakyRelu{0.25}, 0, 0, 0.25},
      {LeakyRelu{0.25}, 2, 2, 1},
      {LeakyRelu{0}, -2, 0, 0},
      {Sigmoid(), 0, 0.5, 0.25},
      {Sigmoid(), 1, e / (1 + e), e / ((1 + e) * (1 + e))},
      {Sigmoid(), -1, 1 / (1 + e), e / ((1 + e) * (1 + e))},
      {Softplus(), 0, std::log(2), 0.5},
      {Softplus(), 1, std::log(1 + e), e / (1 + e)},
      {Softplus(), -1, std::log(1 + 1 / e), 1 / (1 + e)},
  };
  for (const auto& point : points) {
    EXPECT_NEAR(Activated(point.activation, point.z), point.a, 1e-15) << point.activation.index() << " " << point.z;
    EXPECT_NEAR(Derivative(point.activation, point.z), point.derivative, 1e-15)
        << point.activation.index() << " " << point.z;
  }
}

template <typename Real>
void ExpectStable() {
  EXPECT_EQ(Activated<Real>(Sigmoid(), 1000), 1);
  EXPECT_EQ(Activated<Real>(Sigmoid(), -1000), 0);
  EXPECT_EQ(Activated<Real>(Softplus(), 1000), 1000);
  EXPECT_EQ(Activated<Real>(Softplus(), -1000), 0);
  EXPECT_EQ(Derivative<Real>(Sigmoid(), 1000), 0);
  EXPECT_EQ(Derivative<Real>(Sigmoid(), -1000), 0);
  EXPECT_EQ(Derivative<Real>(Softplus(), 1000), 1);
  EXPECT_EQ(Derivative<Real>(Softplus(), -1000), 0);
}

TEST(ActivationTest, SigmoidAndSoftplusDoNotOverflow) {
  ExpectStable<float>();
  ExpectStable<double>();
}

// Where 1 - e^-a would cancel to 0.
TEST(ActivationTest, TheDerivativeOfSoftplusKeepsItsDigitsForSmallOnes) {
  EXPECT_NEAR(Derivative<double>(Softplus(), -50) / std::exp(-50), 1, 1e-12);
}

TEST(ActivationTest, WhatIsNotANumberIsNotHidden) {
  for (const ActivationOptions& activation : {ActivationOptions(Tanh()), ActivationOptions(LeakyRelu()),
                                              ActivationOptions(Sigmoid()), ActivationOptions(Softplus())}) {
    EXPECT_TRUE(std::isnan(Activated(activation, std::nan("")))) << activation.index();
  }
}

}  // namespace
}  // namespace trainyard
