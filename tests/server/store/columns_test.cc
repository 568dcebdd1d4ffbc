#include "server/store/columns.h"

#include <limits>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {
namespace {

TEST(ColumnsTest, TimesAreNanosecondsSince1970) {
  google::protobuf::Timestamp time;
  time.set_seconds(2);
  time.set_nanos(5);
  EXPECT_EQ(ToNanoseconds(time), 2'000'000'005);
  EXPECT_EQ(ParseTime("1970-01-01T01:00:02.000000005+01:00"), 2'000'000'005);
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59Z"), -1'000'000'000);
}

TEST(ColumnsTest, OtherTextsAreNotTimes) {
  for (const std::string_view text : {"", "tomorrow", "2026-01-31", "infinite-future", "infinite-past"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

TEST(ColumnsTest, BytesThatAreNotTheMessageAreDataLoss) {
  v1::Job job;
  job.set_name("jobs/1");
  v1::Job parsed;
  EXPECT_TRUE(ParseColumn(job.SerializeAsString(), &parsed).ok());
  EXPECT_EQ(parsed.name(), "jobs/1");
  EXPECT_TRUE(absl::IsDataLoss(ParseColumn("\xff\xff", &parsed)));
}

TEST(PageTokenTest, GivesItsPositionBack) {
  EXPECT_EQ(ReadPageToken("jobs", MakePageToken("jobs", "a:b/ü")).value(), "a:b/ü");
  EXPECT_EQ(ReadKeyToken("jobs", MakePageToken("jobs", "17")).value(), 17);
}

TEST(PageTokenTest, TheEmptyTokenIsTheFirstPage) {
  EXPECT_EQ(ReadPageToken("jobs", "").value(), "");
  EXPECT_EQ(ReadKeyToken("jobs", "").value(), std::numeric_limits<int64_t>::max());
}

TEST(PageTokenTest, AnotherTokenIsRefused) {
  for (const absl::Status& status :
       {ReadPageToken("jobs", MakePageToken("models", "1")).status(), ReadPageToken("jobs", "jobs:1").status(),
        ReadPageToken("jobs", MakePageToken("jobs", "")).status(),
        ReadKeyToken("jobs", MakePageToken("jobs", "one")).status()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(ErrorField(status), "page_token");
  }
}

}  // namespace
}  // namespace trainyard
