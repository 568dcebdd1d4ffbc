#include "core/base/status.h"

#include <cmath>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(FieldErrorTest, NamesFieldValueAndRule) {
  const absl::Status status = FieldError("momentum", 1.2, "in [0, 1)");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "momentum = 1.2, must be in [0, 1)");
  EXPECT_EQ(ErrorField(status), "momentum");
}

TEST(FieldErrorTest, NumbersPrintSoThatTheyReadBack) {
  EXPECT_EQ(FieldError("x", 0.1, "y").message(), "x = 0.1, must be y");
  EXPECT_EQ(FieldError("x", std::nan(""), "y").message(), "x = nan, must be y");
  EXPECT_EQ(FieldError("x", int64_t{-3}, "y").message(), "x = -3, must be y");
}

TEST(FieldErrorTest, InFieldPutsThePrefixBeforeFieldAndMessage) {
  const absl::Status status = InField("optimizer", InField("nesterov", FieldError("momentum", 1.2, "in [0, 1)")));
  EXPECT_EQ(status.message(), "optimizer.nesterov.momentum = 1.2, must be in [0, 1)");
  EXPECT_EQ(ErrorField(status), "optimizer.nesterov.momentum");
}

TEST(FieldErrorTest, InFieldPassesOtherStatusesUnchanged) {
  EXPECT_EQ(InField("a", absl::OkStatus()), absl::OkStatus());
  EXPECT_EQ(InField("a", absl::NotFoundError("b")), absl::NotFoundError("b"));
}

TEST(FieldErrorTest, InFieldKeepsTheReason) {
  const absl::Status status =
      InField("data", WithReason(FieldError("target", "x", "a column"), "NO_COLUMN", {{"column", "x"}}));
  EXPECT_EQ(ErrorReason(status), "NO_COLUMN");
  EXPECT_THAT(ErrorMetadata(status), UnorderedElementsAre(Pair("column", "x")));
}

TEST(ReasonTest, ComesBackWithItsMetadata) {
  const absl::Status status = WithReason(absl::NotFoundError("no job"), "NO_JOB", {{"oldest", "1"}, {"newest", "9"}});
  EXPECT_EQ(ErrorReason(status), "NO_JOB");
  EXPECT_THAT(ErrorMetadata(status), UnorderedElementsAre(Pair("oldest", "1"), Pair("newest", "9")));
  EXPECT_EQ(ErrorReason(absl::NotFoundError("no job")), "");
}

}  // namespace
}  // namespace trainyard
