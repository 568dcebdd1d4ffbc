#include "core/kernel/panels.h"

#include <set>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(PanelsTest, EveryWeightAndBiasHasAPlaceOfItsOwn) {
  for (int64_t inputs = 1; inputs <= 40; ++inputs) {
    for (int64_t outputs = 1; outputs <= 70; ++outputs) {
      const PanelShape shape = {inputs, outputs};
      std::set<int64_t> places;
      for (int64_t k = 0; k < shape.rows(); ++k) {
        for (int64_t j = 0; j < outputs; ++j) places.insert(shape.Index(k, j));
      }
      ASSERT_EQ(static_cast<int64_t>(places.size()), shape.rows() * outputs);
      ASSERT_GE(*places.begin(), 0);
      ASSERT_LT(*places.rbegin(), shape.size());
      ASSERT_EQ(shape.size() % kLanes, 0);
    }
  }
}

TEST(PanelsTest, APanelIsOneRunOfMemoryRowAfterRow) {
  const PanelShape shape = {9, 70};
  EXPECT_EQ(shape.panels(), 3);
  EXPECT_EQ(shape.panel_width(0), 32);
  EXPECT_EQ(shape.panel_width(2), 16);
  EXPECT_EQ(shape.Index(0, 32), shape.panel_begin(1));
  EXPECT_EQ(shape.Index(1, 32), shape.Index(0, 63) + 1);
  EXPECT_EQ(shape.Index(1, 64), shape.Index(0, 64) + 16);
  EXPECT_EQ(shape.panel_begin(2) + 16 * shape.rows(), shape.size());
}

TEST(PanelsTest, AtMostFourOutputsLieByOutputWithTheBiasLast) {
  const PanelShape shape = {20, 4};
  EXPECT_TRUE(shape.narrow());
  EXPECT_EQ(shape.Index(1, 0), 1);
  EXPECT_EQ(shape.Index(20, 0), 20);
  EXPECT_EQ(shape.Index(0, 1), 32);
  EXPECT_FALSE((PanelShape{20, 5}).narrow());
}

}  // namespace
}  // namespace trainyard
