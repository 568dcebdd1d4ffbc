#include "core/model/activation.h"

#include <cmath>
#include <vector>

#include "core/model/network_pass.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

// One hidden unit between one input and one output, all weights 1: the pass gives a, and da/dz.
template <typename Real>
class OneUnit {
 public:
  OneUnit(const ActivationOptions& activation, Real z)
      : layout_(*ParameterLayout::Make({{DenseOptions{1, activation}}}, 1, 1)), pass_(layout_, 1) {
    AlignedVector<Real> theta(layout_.flat_size());
    for (const int layer : {0, 1}) theta[layout_.Index(layer, 0, 0)] = 1;
    pass_.inputs(1)(0, 0) = z;
    pass_.Forward(theta, 1)(0, 0) = 1;
    pass_.Backward(theta, 1);
  }

  Real a() { return pass_.activation(1, 1)(0, 0); }
  Real derivative() { return pass_.ColumnDelta(1, 1)(0, 0); }

 private:
  const ParameterLayout layout_;
  NetworkPass<Real> pass_;
};

template <typename Real>
Real Activated(const ActivationOptions& activation, Real z) {
  return OneUnit<Real>(activation, z).a();
}
template <typename Real>
Real Derivative(const ActivationOptions& activation, Real z) {
  return OneUnit<Real>(activation, z).derivative();
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
