#include "server/run/caller.h"

#include <limits>

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

absl::Status Check(std::optional<int64_t> quota, int64_t used, int64_t wanted) {
  return CheckQuota({.name = "alice"}, "jobs", quota, used, wanted, "jobs", "cancel one");
}

TEST(CallerTest, WithoutAQuotaNothingIsRefused) {
  EXPECT_TRUE(Check(std::nullopt, 1'000'000, std::numeric_limits<int64_t>::max()).ok());
}

TEST(CallerTest, AQuotaMayBeUsedUp) {
  EXPECT_TRUE(Check(3, 2, 1).ok());
  EXPECT_FALSE(Check(3, 3, 1).ok());
  EXPECT_FALSE(Check(3, 2, std::numeric_limits<int64_t>::max()).ok());
  EXPECT_FALSE(Check(0, 0, 1).ok());
  // A quota may have been made smaller meanwhile.
  EXPECT_FALSE(Check(1, 3, 1).ok());
}

TEST(CallerTest, ARefusalHasTheNumbers) {
  const absl::Status status = Check(3, 2, 2);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the quota of alice is 3 jobs; 2 are in use, and this needs 2 more; cancel one");
  EXPECT_EQ(ErrorReason(status), "QUOTA_EXCEEDED");
  EXPECT_THAT(ErrorMetadata(status),
              ::testing::ElementsAre(std::pair("limit", "3"), std::pair("quota", "jobs"), std::pair("used", "2")));
}

}  // namespace
}  // namespace trainyard
