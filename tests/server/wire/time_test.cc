#include "server/wire/time.h"

#include "core/base/status.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

google::protobuf::Duration DurationOf(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(TimeTest, TimesComeBackToTheNanosecond) {
  for (const int64_t nanos : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1'700'000'000'123'456'789}}) {
    const absl::Time time = absl::FromUnixNanos(nanos);
    EXPECT_EQ(FromProto(ToProto(time)), time);
  }
}

TEST(TimeTest, NanosOfATimestampAreNeverNegative) {
  const google::protobuf::Timestamp timestamp = ToProto(absl::FromUnixNanos(-1));
  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999'999'999);
}

TEST(TimeTest, DurationsComeBackToTheNanosecond) {
  for (const int64_t nanos : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{90'000'000'001}, int64_t{-90'000'000'001}}) {
    const absl::StatusOr<absl::Duration> back = FromProto(ToProto(absl::Nanoseconds(nanos)), "d");
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, absl::Nanoseconds(nanos));
  }
}

TEST(TimeTest, InfinityBecomesTheLongestDuration) {
  EXPECT_EQ(ToProto(absl::InfiniteDuration()).seconds(), 315'576'000'000);
  EXPECT_EQ(ToProto(-absl::InfiniteDuration()).seconds(), -315'576'000'000);
  EXPECT_TRUE(FromProto(ToProto(absl::InfiniteDuration()), "d").ok());
}

TEST(TimeTest, AnIllegalDurationIsRefusedByItsField) {
  const google::protobuf::Duration illegal[] = {DurationOf(1, -1), DurationOf(-1, 1), DurationOf(0, 1'000'000'000),
                                                DurationOf(315'576'000'001, 0), DurationOf(-315'576'000'001, 0)};
  for (const google::protobuf::Duration& duration : illegal) {
    EXPECT_EQ(ErrorField(FromProto(duration, "running_time").status()), "running_time") << duration.DebugString();
  }
}

TEST(TimeTest, TheErrorNamesTheValue) {
  EXPECT_EQ(FromProto(DurationOf(1, -2), "running_time").status().message(),
            "running_time = 1 s -2 ns, must be at most 315,576,000,000 s, with less than 1,000,000,000 ns of the same "
            "sign");
}

}  // namespace
}  // namespace trainyard
