#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/synchronization/notification.h"
#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::MatchesRegex;

absl::Status StatusOf(const std::string& address) { return Listener::Open(address).status(); }

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    std::string name = ::testing::TempDir() + "listenXXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/socket";
  }
  ~ListenerTest() override { std::filesystem::remove_all(folder_); }

  // As a server leaves it that is killed.
  void LeaveSocketFile() {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd, 1), 0);
    close(fd);
  }

  std::string folder_;
  std::string path_;
};

TEST_F(ListenerTest, AnyPortThatIsFreeIsToldByItsNumber) {
  EXPECT_THAT(Listener::Open("127.0.0.1:0").value()->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_THAT(Listener::Open("localhost:0").value()->address(), MatchesRegex("localhost:[1-9][0-9]*"));
}

TEST_F(ListenerTest, APortInUseIsUnavailable) {
  const auto listener = Listener::Open("127.0.0.1:0").value();
  const absl::Status status = StatusOf(listener->address());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "can't listen on " + listener->address() + ": Address already in use");
}

TEST_F(ListenerTest, APortIsFreeAgainOnceTheListenerIsGone) {
  const std::string address = Listener::Open("127.0.0.1:0").value()->address();
  EXPECT_TRUE(StatusOf(address).ok());
}

TEST_F(ListenerTest, WhatIsNoAddressIsRefused) {
  for (const char* const address : {"", "50551", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "unix:"}) {
    EXPECT_EQ(ErrorField(StatusOf(address)), "--listen") << address;
  }
  EXPECT_EQ(ErrorField(StatusOf("unix:/" + std::string(200, 'x'))), "--listen");
}

TEST_F(ListenerTest, ASocketFileThatIsLeftOverIsReplacedAndNoOtherFile) {
  LeaveSocketFile();
  EXPECT_TRUE(StatusOf("unix:" + path_).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::ofstream(path_) << "something";
  EXPECT_EQ(StatusOf("unix:" + path_).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, ASocketFileAtWhichAnotherListensStays) {
  const auto other = Listener::Open("unix:" + path_).value();
  EXPECT_EQ(StatusOf("unix:" + path_).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, AConnectionIsHandedOn) {
  const auto listener = Listener::Open("127.0.0.1:0").value();
  absl::Notification taken;
  listener->Start([&taken](int connection) {
    close(connection);
    taken.Notify();
  });
  sockaddr_in address = {.sin_family = AF_INET};
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(listener->address().substr(10), &port));
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  taken.WaitForNotification();
  close(client);
}

}  // namespace
}  // namespace trainyard
