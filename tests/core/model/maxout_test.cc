#include "core/model/maxout.h"

#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/model/network_pass.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

// One row of units of `pieces` pieces.
struct OneRow {
  OneRow(std::vector<double> values, int64_t piece_count) : z(std::move(values)), pieces(piece_count) {
    units = static_cast<int64_t>(z.size()) / pieces;
    a.resize(units);
    winners.resize(units);
    TakeLargest<double>({z.data(), 1, columns(), columns()}, pieces, {a.data(), 1, units, units},
                        {winners.data(), 1, units, units});
  }

  std::vector<double> Routed(std::vector<double> da) {
    std::vector<double> dz(z.size(), 7);
    RouteToWinners<double>({da.data(), 1, units, units}, {winners.data(), 1, units, units}, pieces,
                           {dz.data(), 1, columns(), columns()});
    return dz;
  }

  int64_t columns() const { return units * pieces; }

  std::vector<double> z;
  int64_t pieces;
  int64_t units;
  std::vector<double> a;
  std::vector<uint8_t> winners;
};

TEST(MaxoutTest, TakesTheLargestPieceOfEachUnit) {
  OneRow row({1, 3, 2, -5, -7, -6}, 3);
  EXPECT_THAT(row.a, ElementsAre(3, -5));
  EXPECT_THAT(row.winners, ElementsAre(1, 0));
}

TEST(MaxoutTest, OnlyTheWinnerHasTheGradient) {
  EXPECT_THAT(OneRow({1, 3, 2, -5, -7, -6}, 3).Routed({10, 20}), ElementsAre(0, 10, 0, 20, 0, 0));
}

TEST(MaxoutTest, OfEqualPiecesTheFirstHasTheGradient) {
  EXPECT_THAT(OneRow({4, 4, 1, 2}, 2).Routed({10, 20}), ElementsAre(10, 0, 0, 20));
}

TEST(MaxoutTest, APieceThatIsNotANumberIsNotHidden) {
  const double nan = std::nan("");
  for (const std::vector<double>& z : {std::vector<double>{nan, 1, 2}, {1, nan, 2}, {1, 2, nan}}) {
    EXPECT_TRUE(std::isnan(OneRow(z, 3).a[0]));
  }
}

// One input, one unit of two pieces x and -x, and an output that passes it on.
TEST(MaxoutTest, TwoPiecesMakeTheAbsoluteValue) {
  const ParameterLayout layout = *ParameterLayout::Make({{MaxoutOptions{1, 2}}}, 1, 1);
  const std::vector<double> logical = {1, -1, 0, 0, 1, 0};
  AlignedVector<double> theta(layout.flat_size());
  layout.FromLogical<double>(logical, theta);
  NetworkPass<double> pass(layout, 2);
  pass.inputs(2)(0, 0) = 3;
  pass.inputs(2)(1, 0) = -4;
  const MatrixView<double> outputs = pass.Forward(theta, 2);
  EXPECT_EQ(outputs(0, 0), 3);
  EXPECT_EQ(outputs(1, 0), 4);
}

TEST(MaxoutTest, ANetworkOfTwoPiecesLearnsTheAbsoluteValue) {
  const ParameterLayout layout = *ParameterLayout::Make({{MaxoutOptions{1, 2}}}, 1, 1);
  const std::vector<double> logical = {0.5, -0.3, 0.1, 0, 0.7, 0};
  AlignedVector<double> theta(layout.flat_size());
  layout.FromLogical<double>(logical, theta);
  AlignedVector<double> gradient(layout.flat_size());
  constexpr int64_t kRows = 64;
  NetworkPass<double> pass(layout, kRows);
  double loss = 0;
  for (int step = 0; step < 2000; ++step) {
    for (int64_t i = 0; i < kRows; ++i) pass.inputs(kRows)(i, 0) = (static_cast<double>(i) + 0.5) / 32 - 1;
    std::vector<double> wanted;
    for (int64_t i = 0; i < kRows; ++i) wanted.push_back(std::abs(pass.inputs(kRows)(i, 0)));
    const MatrixView<double> outputs = pass.Forward(theta, kRows);
    loss = 0;
    for (int64_t i = 0; i < kRows; ++i) {
      const double error = outputs(i, 0) - wanted[i];
      loss += error * error / kRows;
      outputs(i, 0) = 2 * error / kRows;
    }
    pass.Backward(theta, kRows);
    for (const GradientRange& range : GradientRanges(layout)) {
      pass.Gradient(range, kRows, NetworkPass<double>::Into::kEmpty,
                    std::span(gradient).subspan(range.begin, range.size));
    }
    for (size_t j = 0; j < theta.size(); ++j) theta[j] -= 0.2 * gradient[j];
  }
  EXPECT_LT(loss, 1e-6);
}

}  // namespace
}  // namespace trainyard
