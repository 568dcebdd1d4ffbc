#include "server/rpc/audit_log.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    std::string name = ::testing::TempDir() + "auditXXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/audit";
    log_ = AuditLog::Open(path_).value();
  }
  ~AuditLogTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> Lines() const {
    std::ifstream file(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<AuditLog> log_;
};

const AuditEntry kEntry = {
    .caller = "alice", .peer = "ipv4:10.0.0.7:1", .method = "v1.Jobs.Cancel", .resource = "jobs/1"};

TEST_F(AuditLogTest, ACallIsOneLineOfJson) {
  log_->Add(kEntry, absl::OkStatus());
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(
      Lines()[0],
      MatchesRegex(R"(\{"time":"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z","caller":"alice",)"
                   R"("peer":"ipv4:10\.0\.0\.7:1","method":"v1\.Jobs\.Cancel","resource":"jobs/1","code":"OK"\})"));
}

TEST_F(AuditLogTest, AFailureHasItsReason) {
  log_->Add(kEntry, WithReason(absl::NotFoundError("x"), "NO_SUCH_JOB"));
  EXPECT_THAT(Lines()[0], HasSubstr(R"("code":"NOT_FOUND","reason":"NO_SUCH_JOB"})"));
}

TEST_F(AuditLogTest, WhatACallerSendsCannotEndItsLine) {
  log_->Add({.caller = "a", .resource = "jobs/1\"}\n{\"caller\":\"root"}, absl::OkStatus());
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], HasSubstr(R"("resource":"jobs/1\"}\n{\"caller\":\"root")"));
}

TEST_F(AuditLogTest, AFloodOfRefusalsIsCountedInsteadOfWritten) {
  for (int i = 0; i < 100'000; ++i) log_->AddRefusal(kEntry, absl::UnauthenticatedError("x"));
  // The flood may last some seconds.
  EXPECT_LT(Lines().size(), 10'000u);
  while (!absl::StrContains(Lines().back(), "\"left_out\":")) log_->AddRefusal(kEntry, absl::UnauthenticatedError("x"));
  log_->Add(kEntry, absl::OkStatus());
  EXPECT_THAT(Lines().back(), HasSubstr(R"("code":"OK")"));
}

TEST_F(AuditLogTest, AReopenedLogGoesOn) {
  log_->Add(kEntry, absl::OkStatus());
  log_ = AuditLog::Open(path_).value();
  log_->Add(kEntry, absl::OkStatus());
  EXPECT_THAT(Lines(), SizeIs(2));
}

TEST_F(AuditLogTest, AFileThatCannotBeOpenedIsNamed) {
  EXPECT_EQ(AuditLog::Open("/no/such/folder/audit").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace trainyard
