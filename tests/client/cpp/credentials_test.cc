#include "client/cpp/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "client/cpp/client.h"
#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status StatusOf(const std::string& address, const Credentials& credentials) {
  return OpenChannel(address, credentials, {}).status();
}

TEST(CredentialsTest, EachCallCarriesTheToken) {
  FakeServer server;
  const auto client = Client::Connect({.address = server.address(), .credentials = {.token = "ty_1"}});
  ASSERT_TRUE(client.ok());
  v1::GetJobRequest request;
  request.set_name("jobs/none");
  Call((*client)->jobs(), &v1::JobService::Stub::GetJob, request).status().IgnoreError();
  EXPECT_THAT(server.jobs.authorizations, ElementsAre("Bearer ty_1"));
}

TEST(CredentialsTest, WithoutATokenNoneIsSent) {
  FakeServer server;
  const auto client = Client::Connect({.address = server.address()});
  ASSERT_TRUE(client.ok());
  v1::GetJobRequest request;
  request.set_name("jobs/none");
  Call((*client)->jobs(), &v1::JobService::Stub::GetJob, request).status().IgnoreError();
  EXPECT_THAT(server.jobs.authorizations, ElementsAre());
}

TEST(CredentialsTest, ATokenNeverCrossesANetworkInClearText) {
  const absl::Status status = StatusOf("192.0.2.1:50551", {.token = "ty_1"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "a token for 192.0.2.1:50551 would cross the network in clear text; use TLS, or leave it out");
  EXPECT_FALSE(StatusOf("127.example.com:50551", {.token = "ty_1"}).ok());
  EXPECT_TRUE(StatusOf("192.0.2.1:50551", {.tls = TlsOptions(), .token = "ty_1"}).ok());
  for (const char* const loopback : {"127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/socket"}) {
    EXPECT_TRUE(StatusOf(loopback, {.token = "ty_1"}).ok()) << loopback;
  }
}

TEST(CredentialsTest, ATokenThatCannotBeSentIsNotShown) {
  const absl::Status status = StatusOf("127.0.0.1:1", {.token = "secret\nsecret"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("secret")));
}

TEST(CredentialsTest, AFileThatCannotBeReadIsNamed) {
  const absl::Status status = StatusOf("127.0.0.1:1", {.tls = TlsOptions{.ca = "/no/such/file"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("can't read /no/such/file"));
}

TEST(CredentialsTest, AFolderIsNoFileOfCredentials) {
  EXPECT_THAT(std::string(ReadTokenFile(::testing::TempDir()).status().message()), HasSubstr("Is a directory"));
  const absl::Status status = StatusOf("127.0.0.1:1", {.tls = TlsOptions{.ca = ::testing::TempDir()}});
  EXPECT_THAT(std::string(status.message()), HasSubstr("Is a directory"));
}

TEST(CredentialsTest, AnEmptyFileHoldsNoToken) {
  EXPECT_EQ(ReadTokenFile("/dev/null").status().message(), "/dev/null holds no token");
}

TEST(CredentialsTest, AFileWithoutWhatItIsGivenForIsNamed) {
  EXPECT_EQ(StatusOf("127.0.0.1:1", {.tls = TlsOptions{.ca = "/dev/null"}}).message(),
            "/dev/null holds no certificate in PEM form");
  const TlsOptions both = {.certificate = "/dev/null", .key = "/dev/null"};
  EXPECT_EQ(StatusOf("127.0.0.1:1", {.tls = both}).message(), "/dev/null holds no certificate in PEM form");
}

TEST(CredentialsTest, ACertificateAndItsKeyComeTogether) {
  EXPECT_FALSE(StatusOf("127.0.0.1:1", {.tls = TlsOptions{.certificate = "/dev/null"}}).ok());
  EXPECT_FALSE(StatusOf("127.0.0.1:1", {.tls = TlsOptions{.key = "/dev/null"}}).ok());
}

TEST(CredentialsTest, WhiteSpaceAroundATokenInItsFileDoesNotCount) {
  const std::string path = ::testing::TempDir() + "credentials_test_token";
  std::ofstream(path) << " ty_1\r\n";
  EXPECT_EQ(ReadTokenFile(path).value(), "ty_1");
  std::remove(path.c_str());
  EXPECT_EQ(ReadTokenFile(path).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trainyard::client
