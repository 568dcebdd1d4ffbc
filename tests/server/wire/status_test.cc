#include "server/wire/status.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"

namespace trainyard {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

template <typename Detail>
Detail DetailOf(const google::rpc::Status& status) {
  Detail detail;
  int count = 0;
  for (const google::protobuf::Any& any : status.details()) count += any.UnpackTo(&detail);
  EXPECT_EQ(count, 1);
  return detail;
}

TEST(StatusTest, OkHasNoDetails) {
  const google::rpc::Status message = ToProto(absl::OkStatus());
  EXPECT_EQ(message.ByteSizeLong(), 0u);
  EXPECT_TRUE(FromProto(message).ok());
}

TEST(StatusTest, EveryCodeKeepsItsNumberAndComesBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "message");
    const google::rpc::Status message = ToProto(status);
    EXPECT_EQ(message.code(), code);
    EXPECT_EQ(FromProto(message).code(), status.code());
    EXPECT_EQ(FromProto(message).message(), "message");
  }
}

TEST(StatusTest, AFieldErrorIsAViolationOfThatField) {
  const google::rpc::Status message = ToProto(InField("optimizer", FieldError("momentum", 1.2, "in [0, 1)")));
  const auto bad_request = DetailOf<google::rpc::BadRequest>(message);
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "optimizer.momentum");
  EXPECT_EQ(bad_request.field_violations(0).description(), "optimizer.momentum = 1.2, must be in [0, 1)");
}

TEST(StatusTest, OfManyDetailsThoseGoOutThatClientsTake) {
  std::map<std::string, std::string> resume;
  for (int i = 1000; i < 2000; ++i) resume[absl::StrCat("jobs/", i)] = "17";
  const google::rpc::Status message = ToProto(WithReason(absl::UnavailableError("draining"), "DRAINING", resume));
  EXPECT_LT(message.ByteSizeLong() * 4 / 3, 8192 - 1000);
  const auto info = DetailOf<google::rpc::ErrorInfo>(message);
  EXPECT_EQ(info.reason(), "DRAINING");
  EXPECT_GT(info.metadata_size(), 100);
  EXPECT_EQ(info.metadata().at("jobs/1000"), "17");
}

// 8 KiB is what clients take, the text of which may have three bytes for one.
TEST(StatusTest, AnErrorThatRepeatsALongTextHasNoMoreBytesThanClientsTake) {
  std::string long_text;
  for (int i = 0; i < 10'000; ++i) long_text += "é";
  const absl::Status status = WithReason(FieldError(absl::StrCat("types[", long_text, "]"), long_text, "shorter"),
                                         "SOME_REASON", {{"column", long_text}});
  const google::rpc::Status message = ToProto(status);
  EXPECT_LT(3 * message.message().size() + message.ByteSizeLong() * 4 / 3, 8192 - 1000);
  EXPECT_THAT(message.message(), AllOf(StartsWith("types[éé"), EndsWith("éé, must be shorter")));
  EXPECT_TRUE(IsUtf8(message.message()));
}

TEST(StatusTest, AFieldErrorComesBackWholeAndTakesPrefixes) {
  const absl::Status status = FieldError("momentum", 1.2, "in [0, 1)");
  const absl::Status back = FromProto(ToProto(status));
  EXPECT_EQ(back.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(back.message(), status.message());
  EXPECT_EQ(ErrorField(back), "momentum");
  EXPECT_EQ(InField("nesterov", back).message(), "nesterov.momentum = 1.2, must be in [0, 1)");
}

TEST(StatusTest, ReasonAndMetadataAreErrorInfoOfTheDomain) {
  const google::rpc::Status message = ToProto(WithReason(absl::OutOfRangeError("x"), "OFFSET_MISMATCH", {{"a", "1"}}));
  const auto info = DetailOf<google::rpc::ErrorInfo>(message);
  EXPECT_EQ(info.domain(), "trainyard");
  EXPECT_EQ(info.reason(), "OFFSET_MISMATCH");
  EXPECT_THAT(info.metadata(), UnorderedElementsAre(Pair("a", "1")));
}

TEST(StatusTest, ReasonAndMetadataComeBackWithAFieldAndWithout) {
  for (const absl::Status& status : {absl::NotFoundError("x"), FieldError("a", "b", "c")}) {
    const absl::Status back = FromProto(ToProto(WithReason(status, "SOME_REASON", {{"row", "3"}, {"column", "age"}})));
    EXPECT_EQ(back.message(), status.message());
    EXPECT_EQ(ErrorField(back), ErrorField(status));
    EXPECT_EQ(ErrorReason(back), "SOME_REASON");
    EXPECT_THAT(ErrorMetadata(back), UnorderedElementsAre(Pair("row", "3"), Pair("column", "age")));
  }
}

TEST(StatusTest, WithoutAReasonTheCodeIsTheReason) {
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(ToProto(absl::NotFoundError("x"))).reason(), "NOT_FOUND");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(ToProto(FieldError("a", "b", "c"))).reason(), "INVALID_FIELD");
}

TEST(StatusTest, AMessageOfAnotherServerKeepsCodeAndMessage) {
  google::rpc::Status message;
  message.set_code(3);
  message.set_message("no such form");
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("momentum");
  message.add_details()->PackFrom(bad_request);
  EXPECT_EQ(FromProto(message), absl::InvalidArgumentError("no such form"));
}

}  // namespace
}  // namespace trainyard
