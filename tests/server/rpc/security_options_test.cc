#include "server/rpc/security_options.h"

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

const SecurityOptions kTls = {.tls_certificate = "certificate.pem", .tls_key = "key.pem"};

std::string FieldOf(const SecurityOptions& options, const std::string& listen) {
  return ErrorField(Validate(options, listen)).value_or("");
}

TEST(SecurityOptionsTest, OnlyThisMachineReachesLoopback) {
  for (const char* const address :
       {"127.0.0.1:50551", "127.200.0.1:0", "localhost:0", "[::1]:50551", "unix:/run/socket"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* const address :
       {"0.0.0.0:50551", "10.0.0.1:127", "[::]:50551", "127.example.com:50551", "localhost.example.com:1",
        "example.com:127", "dns:///127.0.0.1:1", "", "127.0.0.1.example.com:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(SecurityOptionsTest, LoopbackNeedsNeitherTlsNorTokens) {
  EXPECT_TRUE(Validate(SecurityOptions(), "127.0.0.1:0").ok());
  EXPECT_TRUE(Validate({.tokens = "tokens"}, "127.0.0.1:0").ok());
  EXPECT_TRUE(Validate(kTls, "127.0.0.1:0").ok());
}

TEST(SecurityOptionsTest, BeyondLoopbackBothAreNeeded) {
  SecurityOptions both = kTls;
  both.tokens = "tokens";
  EXPECT_EQ(FieldOf(SecurityOptions(), "0.0.0.0:1"), "--listen");
  EXPECT_EQ(FieldOf({.tokens = "tokens"}, "0.0.0.0:1"), "--listen");
  EXPECT_EQ(FieldOf(kTls, "0.0.0.0:1"), "--listen");
  EXPECT_TRUE(Validate(both, "0.0.0.0:1").ok());
}

TEST(SecurityOptionsTest, InsecureWaivesBoth) {
  SecurityOptions tls = kTls;
  tls.insecure = true;
  EXPECT_TRUE(Validate({.insecure = true}, "0.0.0.0:1").ok());
  EXPECT_TRUE(Validate(tls, "0.0.0.0:1").ok());
}

TEST(SecurityOptionsTest, TokensNeverCrossANetworkInClearText) {
  EXPECT_EQ(FieldOf({.tokens = "tokens", .insecure = true}, "0.0.0.0:1"), "--tokens");
}

TEST(SecurityOptionsTest, ACertificateAndItsKeyComeTogether) {
  EXPECT_EQ(FieldOf({.tls_certificate = "certificate.pem"}, "127.0.0.1:1"), "--tls-key");
  EXPECT_EQ(FieldOf({.tls_key = "key.pem"}, "127.0.0.1:1"), "--tls-certificate");
  EXPECT_EQ(FieldOf({.tls_client_ca = "ca.pem"}, "127.0.0.1:1"), "--tls-certificate");
}

TEST(SecurityOptionsTest, AFileThatCannotBeReadIsNamed) {
  const absl::Status status = MakeCredentials({.tls_certificate = "/no/such/file", .tls_key = "/no/key"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace trainyard
