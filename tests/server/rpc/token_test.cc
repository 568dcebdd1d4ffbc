#include "server/rpc/token.h"

#include "core/base/sha256.h"
#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

const std::string kHash(64, 'a');
const std::string kOtherHash(64, 'b');

std::string FaultOf(const std::string& text) { return std::string(ParseTokens(text).status().message()); }

TEST(TokenTest, ALineIsANameARoleAHashAndQuotas) {
  const auto tokens = ParseTokens("alice  train " + kHash + " jobs=10 upload-bytes=2GiB watchers=0\n").value();
  ASSERT_THAT(tokens, SizeIs(1));
  EXPECT_EQ(tokens[0].caller.name, "alice");
  EXPECT_EQ(tokens[0].role, Role::kTrain);
  EXPECT_EQ(tokens[0].hash, kHash);
  EXPECT_EQ(tokens[0].caller.quotas.jobs, 10);
  EXPECT_EQ(tokens[0].caller.quotas.upload_bytes, int64_t{2} << 30);
  EXPECT_EQ(tokens[0].caller.quotas.watchers, 0);
}

TEST(TokenTest, QuotasMayBeLeftOut) {
  const auto tokens = ParseTokens("a read " + kHash).value();
  EXPECT_FALSE(tokens[0].caller.quotas.jobs.has_value());
  EXPECT_FALSE(tokens[0].caller.quotas.upload_bytes.has_value());
  EXPECT_FALSE(tokens[0].caller.quotas.watchers.has_value());
}

TEST(TokenTest, CommentsAndEmptyLinesAreSkipped) {
  EXPECT_THAT(ParseTokens("").value(), IsEmpty());
  EXPECT_THAT(ParseTokens("# all of them\n\n  \na read " + kHash + " # since May\r\n").value(), SizeIs(1));
}

TEST(TokenTest, AHashMayBeInCapitals) {
  EXPECT_EQ(ParseTokens("a read " + std::string(64, 'A')).value()[0].hash, kHash);
}

TEST(TokenTest, AFaultIsNamedByItsLine) {
  EXPECT_EQ(FaultOf("a read " + kHash + "\n\nb reed " + kOtherHash),
            "line 3: role = reed, must be read, train or admin");
  EXPECT_EQ(FaultOf("a read"), "line 1: a line is a name, a role and a hash, then quotas");
  EXPECT_THAT(FaultOf("a/b read " + kHash), HasSubstr("line 1: name = a/b, must be"));
  EXPECT_EQ(FaultOf("a read " + kHash + " jobs"),
            "line 1: quota = jobs, must be jobs=N, upload-bytes=SIZE or watchers=N");
  EXPECT_THAT(FaultOf("a read " + kHash + " cpus=4"), HasSubstr("quota = cpus=4, must be"));
  for (const char* const size : {"-1", "", "1.5", "4GB", "9999999999GiB", "99999999999999999999"}) {
    EXPECT_THAT(FaultOf("a read " + kHash + " jobs=" + size), HasSubstr("must be a whole number of at least 0"))
        << size;
  }
}

TEST(TokenTest, WhatStandsInPlaceOfAHashIsNotShown) {
  const std::string secret = NewSecret();
  EXPECT_EQ(FaultOf("a read " + secret), "line 1: hash = …, must be the 64 hexadecimal digits of a SHA-256");
}

TEST(TokenTest, NamesAndHashesDiffer) {
  EXPECT_EQ(FaultOf("a read " + kHash + "\na admin " + kOtherHash), "line 2: a or its hash stands on a former line");
  EXPECT_EQ(FaultOf("a read " + kHash + "\nb admin " + kHash), "line 2: b or its hash stands on a former line");
}

TEST(TokenTest, ALineReadsBackAsItsToken) {
  const Token token{
      .caller = {.name = "ci@host", .quotas = {.jobs = 3, .watchers = 0}}, .role = Role::kAdmin, .hash = kHash};
  const std::string line = LineOf(token).value();
  EXPECT_EQ(line, "ci@host admin " + kHash + " jobs=3 watchers=0");
  EXPECT_EQ(LineOf(ParseTokens(line).value()[0]).value(), line);
}

TEST(TokenTest, ANameThatWouldBreakItsLineIsRefused) {
  for (const char* const name : {"", "a b", "a\n", "#a"}) {
    EXPECT_EQ(ErrorField(LineOf({.caller = {.name = name}, .hash = kHash}).status()), "name") << name;
  }
}

TEST(TokenTest, SecretsDifferAndHold256Bits) {
  EXPECT_THAT(NewSecret(), MatchesRegex("ty_[0-9a-f]{64}"));
  EXPECT_NE(NewSecret(), NewSecret());
}

TEST(TokenTest, ATokenIsFoundByItsSecretAlone) {
  const std::string secret = NewSecret();
  const auto tokens =
      ParseTokens("a read " + kHash + "\nb train " + Sha256Of(secret) + "\nc admin " + kOtherHash).value();
  ASSERT_NE(FindToken(tokens, secret), nullptr);
  EXPECT_EQ(FindToken(tokens, secret)->caller.name, "b");
  EXPECT_EQ(FindToken(tokens, NewSecret()), nullptr);
  EXPECT_EQ(FindToken(tokens, Sha256Of(secret)), nullptr);
  EXPECT_EQ(FindToken(tokens, ""), nullptr);
}

TEST(TokenTest, EachRoleMayWhatThoseBeforeItMay) {
  EXPECT_LT(Role::kRead, Role::kTrain);
  EXPECT_LT(Role::kTrain, Role::kAdmin);
  for (const Role role : {Role::kRead, Role::kTrain, Role::kAdmin}) EXPECT_EQ(ParseRole(NameOf(role)).value(), role);
}

}  // namespace
}  // namespace trainyard
