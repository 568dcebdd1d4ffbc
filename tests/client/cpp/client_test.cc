#include "client/cpp/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

TEST(ClientTest, AnAddressWithoutAServerIsUnavailable) {
  // A port that was free a moment ago.
  const std::string address = FakeServer().address();
  const auto client = Client::Connect({.address = address});
  EXPECT_EQ(client.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.status().message(), "can't reach a server at " + address);
}

TEST(ClientTest, ASocketWithoutAServerIsUnavailable) {
  EXPECT_EQ(Client::Connect({.address = "unix:/no/such/socket"}).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ClientTest, AListenerThatNeverAnswersIsUnavailable) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto client = Client::Connect(
      {.address = absl::StrCat("127.0.0.1:", ntohs(address.sin_port)), .connect_timeout = absl::Milliseconds(50)});
  EXPECT_EQ(client.status().code(), absl::StatusCode::kUnavailable);
  close(listener);
}

TEST(ClientTest, AServersRefusalIsAStatusWithItsCode) {
  FakeServer server;
  const auto client = Client::Connect({.address = server.address()});
  ASSERT_TRUE(client.ok());
  v1::GetJobRequest request;
  request.set_name("jobs/none");
  const auto job = Call((*client)->jobs(), &v1::JobService::Stub::GetJob, request);
  EXPECT_EQ(job.status().code(), absl::StatusCode::kNotFound);
}

TEST(ClientTest, RequestIdsDiffer) {
  EXPECT_NE(NewRequestId(), NewRequestId());
  EXPECT_EQ(NewRequestId().size(), 32u);
}

}  // namespace
}  // namespace trainyard::client
