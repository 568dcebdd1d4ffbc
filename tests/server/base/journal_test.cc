#include "server/base/journal.h"

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const absl::Time kTime = absl::FromUnixMillis(1'764'332'130'123);

std::string Json(const std::vector<JournalField>& fields) {
  return JournalLine(JournalFormat::kJson, kTime, Severity::kInfo, "started", fields);
}

TEST(JournalTest, ATextLineHasTimeSeverityEventAndFields) {
  EXPECT_EQ(JournalLine(JournalFormat::kText, kTime, Severity::kWarning, "slow_sync",
                        {{"file", "log"}, {"seconds", 1.5}, {"count", int64_t{3}}}),
            "2025-11-28T12:15:30.123Z WARNING slow_sync file=\"log\" seconds=1.5 count=3");
}

TEST(JournalTest, AJsonLineHasTheSameAsMembers) {
  EXPECT_EQ(
      Json({{"address", "127.0.0.1:1"}, {"insecure", false}}),
      R"({"time":"2025-11-28T12:15:30.123Z","level":"info","event":"started","address":"127.0.0.1:1","insecure":false})");
}

TEST(JournalTest, WhateverAFieldHoldsALineStaysOneLineOfJson) {
  EXPECT_THAT(Json({{"text", "a\"b\\c\nd\x01 \xC3\xA9"}}), EndsWith(R"("text":"a\"b\\c\nd\u0001 é"})"));
  EXPECT_THAT(Json({{"text", "bad \xFF"}}), EndsWith("\"text\":\"bad \xEF\xBF\xBD\"}"));
  EXPECT_THAT(Json({{"number", std::numeric_limits<double>::quiet_NaN()}}), EndsWith(R"("number":"nan"})"));
}

TEST(JournalTest, LinesComeInOrderAndAreAllWrittenWhenTheJournalGoes) {
  std::vector<std::string> lines;
  {
    Journal journal({}, [&](const std::string& line) { lines.push_back(line); });
    for (const auto* event : {"first", "second", "third"}) journal.Write(Severity::kInfo, event);
  }
  EXPECT_THAT(lines, ElementsAre(EndsWith("INFO first\n"), EndsWith("INFO second\n"), EndsWith("INFO third\n")));
}

TEST(JournalTest, WhatIsLessSevereThanAskedForIsNotWritten) {
  std::vector<std::string> lines;
  {
    Journal journal({.least = Severity::kWarning}, [&](const std::string& line) { lines.push_back(line); });
    journal.Write(Severity::kInfo, "quiet");
    journal.Write(Severity::kError, "loud");
  }
  EXPECT_THAT(lines, ElementsAre(EndsWith("ERROR loud\n")));
}

TEST(JournalTest, WhenTheSinkStandsStillWriteDoesNotBlockAndALineTellsHowManyAreLost) {
  std::vector<std::string> lines;
  absl::Notification entered;
  absl::Notification go_on;
  {
    Journal journal({.most_waiting = 2}, [&](const std::string& line) {
      if (!entered.HasBeenNotified()) {
        entered.Notify();
        go_on.WaitForNotification();
      }
      lines.push_back(line);
    });
    journal.Write(Severity::kInfo, "first");
    entered.WaitForNotification();
    for (int i = 0; i < 5; ++i) journal.Write(Severity::kInfo, "later");
    go_on.Notify();
  }
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[3], HasSubstr("WARNING lines_dropped count=3"));
}

}  // namespace
}  // namespace trainyard
