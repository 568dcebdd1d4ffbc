#include "client/cpp/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

using ::testing::ElementsAre;

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() : client_(*Client::Connect({.address = server_.address()})) {
    options_.request.add_targets()->set_job("jobs/1");
    options_.first_delay = absl::Milliseconds(1);
    server_.watch.log = MakeLog(5);
  }

  absl::Status Run() {
    JobWatch watch(*client_, options_);
    return watch.Run([this](const v1::Event& event) {
      seen_.push_back(event.sequence());
      return event.sequence() == stop_at_ ? JobWatch::Next::kStop : JobWatch::Next::kContinue;
    });
  }

  FakeServer server_;
  const std::unique_ptr<Client> client_;
  WatchOptions options_;
  int64_t stop_at_ = 0;
  std::vector<int64_t> seen_;
};

TEST_F(WatchTest, EndsOkAfterTheTerminalEvent) {
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(WatchTest, GoesOnWithTheNextNumberAfterABreak) {
  server_.watch.streams_to_break = 2;
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(server_.watch.asked_from, ElementsAre(1, 3, 5));
}

TEST_F(WatchTest, DropsWhatTheServerRepeats) {
  server_.watch.streams_to_break = 2;
  server_.watch.repeat = true;
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(WatchTest, AGapIsDataLoss) {
  server_.watch.skip = true;
  EXPECT_EQ(Run().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(seen_, ElementsAre());
}

TEST_F(WatchTest, ABreakAfterTheTerminalEventIsTheEnd) {
  server_.watch.streams_to_break = 1;
  server_.watch.events_before_break = 4;
  server_.watch.log = MakeLog(4);
  // One event more, so that the stream breaks behind the terminal one.
  server_.watch.log.push_back(server_.watch.log.back());
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(server_.watch.asked_from.size(), 1u);
}

TEST_F(WatchTest, StopsWhenTheCallbackSaysSo) {
  stop_at_ = 2;
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2));
}

TEST_F(WatchTest, ComesBackWhileTheServerStillCountsTheBrokenStream) {
  server_.watch.streams_to_break = 1;
  for (const std::string reason : {"QUOTA_EXCEEDED", "TOO_MANY_WATCHERS"})
    server_.watch.refusals.push_back(Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", "", reason));
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(server_.watch.asked_from, ElementsAre(1, 3, 3, 3));
}

TEST_F(WatchTest, AServerThatIsFullFromTheBeginningIsAnError) {
  server_.watch.asked_from.push_back(0);
  server_.watch.refusals.push_back(Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", "", "TOO_MANY_WATCHERS"));
  EXPECT_EQ(Run().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(WatchTest, SaysBeforeItReconnects) {
  server_.watch.streams_to_break = 2;
  int breaks = 0;
  options_.reconnecting = [&](const absl::Status& error) { breaks += absl::IsUnavailable(error) ? 1 : 0; };
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(breaks, 2);
}

TEST_F(WatchTest, SaysOfEachStreamThatItIsConnected) {
  server_.watch.streams_to_break = 2;
  int connected = 0;
  options_.connected = [&] { ++connected; };
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(connected, 3);
}

TEST_F(WatchTest, GivesUpWhenTheServerStaysAway) {
  server_.watch.streams_to_break = 1'000'000;
  server_.watch.events_before_break = 0;
  options_.reconnect_for = absl::Milliseconds(20);
  EXPECT_EQ(Run().code(), absl::StatusCode::kUnavailable);
}

TEST(WatchRestartTest, ComesBackToAServerThatRestarts) {
  auto server = std::make_unique<FakeServer>();
  const int port = server->port();
  server->watch.log = MakeLog(5);
  server->watch.streams_to_break = 1;
  const auto client = *Client::Connect({.address = server->address()});
  WatchOptions options;
  options.request.add_targets()->set_job("jobs/1");
  options.reconnecting = [&](const absl::Status&) {
    server.reset();
    server = std::make_unique<FakeServer>(port);
    server->watch.log = MakeLog(5);
  };
  std::vector<int64_t> seen;
  JobWatch watch(*client, options);
  const absl::Status status = watch.Run([&](const v1::Event& event) {
    seen.push_back(event.sequence());
    return JobWatch::Next::kContinue;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(WatchTest, CancelEndsTheRun) {
  server_.watch.hold = true;
  JobWatch watch(*client_, options_);
  absl::Notification last_seen;
  absl::Status status = absl::UnknownError("still running");
  std::thread runner([&] {
    status = watch.Run([&](const v1::Event& event) {
      if (event.sequence() == 5) last_seen.Notify();
      return JobWatch::Next::kContinue;
    });
  });
  last_seen.WaitForNotification();
  watch.Cancel();
  runner.join();
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace trainyard::client
