#include "client/cpp/status.h"

#include <gtest/gtest.h>

#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

TEST(StatusTest, KeepsCodeAndMessage) {
  const absl::Status status = ToStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such job"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such job");
}

TEST(StatusTest, OkIsOk) { EXPECT_TRUE(ToStatus(grpc::Status::OK).ok()); }

TEST(StatusTest, DecodesFieldReasonAndMetadata) {
  const ErrorDetails details =
      DetailsOf(ToStatus(Refusal(grpc::StatusCode::INVALID_ARGUMENT, "bad", "spec.budget", "TOO_LONG")));
  ASSERT_EQ(details.fields.size(), 1u);
  EXPECT_EQ(details.fields[0].field, "spec.budget");
  EXPECT_EQ(details.reason, "TOO_LONG");
  EXPECT_EQ(details.metadata.at("value"), "42");
}

TEST(StatusTest, DetailsThatCannotBeReadAreNone) {
  const absl::Status status = ToStatus(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff not a message"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(DetailsOf(status).reason.empty());
}

TEST(StatusTest, OnlyAServersStatusIsFromAServer) {
  EXPECT_TRUE(IsFromServer(ToStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, ""))));
  EXPECT_FALSE(IsFromServer(absl::NotFoundError("")));
}

}  // namespace
}  // namespace trainyard::client
