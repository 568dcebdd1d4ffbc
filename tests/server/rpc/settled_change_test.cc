#include "server/rpc/settled_change.h"

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(SettledChangeTest, AChangeCountsOnceTheNextLookFindsTheSame) {
  SettledChange<int> file(1);
  EXPECT_FALSE(file.Settled(1));
  EXPECT_FALSE(file.Settled(2));
  EXPECT_TRUE(file.Settled(2));
  EXPECT_FALSE(file.Settled(2));
}

TEST(SettledChangeTest, WhatIsThereForAMomentDoesNotCount) {
  constexpr int kEmpty = 0;
  SettledChange<int> file(1);
  EXPECT_FALSE(file.Settled(kEmpty));
  EXPECT_FALSE(file.Settled(2));
  EXPECT_TRUE(file.Settled(2));
  EXPECT_FALSE(file.Settled(kEmpty));
  EXPECT_FALSE(file.Settled(2));
  EXPECT_FALSE(file.Settled(2));
}

}  // namespace
}  // namespace trainyard
