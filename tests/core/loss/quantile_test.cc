#include "core/loss/quantile.h"

#include <cmath>
#include <limits>

#include "core/base/status.h"
#include "core/loss/make_loss.h"
#include "gmock/gmock.h"
#include "tests/core/loss/one_example.h"

namespace trainyard {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(QuantileTest, WeighsTargetsAboveByQAndTargetsBelowByTheRest) {
  const QuantileOptions upper{.quantile = 0.75};
  EXPECT_DOUBLE_EQ(One(upper, {}, {1}, 0, 3), 0.75 * 2);
  EXPECT_DOUBLE_EQ(One(upper, {}, {3}, 0, 1), 0.25 * 2);
  EXPECT_EQ(One(upper, {}, {3}, 0, 3), 0);
}

TEST(QuantileTest, ItsDerivativeIsMinusQBelowTheTargetAndZeroAtIt) {
  const QuantileOptions upper{.quantile = 0.75};
  EXPECT_THAT(Gradient(upper, {}, {1}, 0, 3), ElementsAre(DoubleEq(-0.75)));
  EXPECT_THAT(Gradient(upper, {}, {3}, 0, 1), ElementsAre(DoubleEq(0.25)));
  EXPECT_THAT(Gradient(upper, {}, {3}, 0, 3), ElementsAre(0));
}

TEST(QuantileTest, OfOneHalfItIsHalfTheAbsoluteLoss) {
  for (const double f : {-3.0, 0.5, 4.0}) {
    EXPECT_DOUBLE_EQ(One(QuantileOptions(), {}, {f}, 0, 1), One(AbsoluteOptions(), {}, {f}, 0, 1) / 2);
  }
}

TEST(QuantileTest, ItsBestConstantIsTheQuantileOfTheTargets) {
  std::vector<double> numbers = {4, 8, 0, 6, 2};
  std::vector<double> weights(numbers.size(), 1);
  const auto loss = *MakeLoss<double>(QuantileOptions{.quantile = 0.7}, {});
  EXPECT_THAT(*loss->BestConstant(TargetBuffer{{}, numbers, weights}), ElementsAre(6));
}

TEST(QuantileTest, QIsAboveZeroAndBelowOne) {
  EXPECT_TRUE(Validate(LossOptions(QuantileOptions{.quantile = 0.01})).ok());
  for (const double q : {0.0, 1.0, -0.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const absl::Status status = Validate(LossOptions(QuantileOptions{.quantile = q}));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorField(status), "quantile.quantile") << q;
  }
}

}  // namespace
}  // namespace trainyard
