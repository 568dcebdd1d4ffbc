#include "core/base/sha256.h"

#include "gtest/gtest.h"

namespace trainyard {
namespace {

// FIPS 180-2, appendix B.1.
TEST(Sha256Test, MatchesThePublishedExample) {
  EXPECT_EQ(Sha256Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  Sha256 sha;
  sha.Update("a");
  sha.Update("");
  sha.Update("bc");
  EXPECT_EQ(sha.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, TheDigestSoFarIsThatOfTheBytesSoFar) {
  Sha256 sha;
  sha.Update("a");
  EXPECT_EQ(sha.DigestSoFar(), Sha256Of("a"));
  sha.Update("b");
  EXPECT_EQ(sha.Finish(), Sha256Of("ab"));
}

}  // namespace
}  // namespace trainyard
