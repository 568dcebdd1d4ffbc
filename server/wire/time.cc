#include "server/wire/time.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr int64_t kLongestSeconds = 315'576'000'000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;

bool IsLegal(int64_t seconds, int32_t nanos) {
  if (seconds < -kLongestSeconds || seconds > kLongestSeconds) return false;
  if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond) return false;
  return (seconds <= 0 || nanos >= 0) && (seconds >= 0 || nanos <= 0);
}

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  timestamp.set_nanos(static_cast<int32_t>((time - absl::FromUnixSeconds(timestamp.seconds())) / absl::Nanoseconds(1)));
  return timestamp;
}

absl::Time FromProto(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  const absl::Duration longest = absl::Seconds(kLongestSeconds);
  duration = std::clamp(duration, -longest, longest);
  google::protobuf::Duration message;
  message.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  message.set_nanos(static_cast<int32_t>(absl::IDivDuration(duration, absl::Nanoseconds(1), &duration)));
  return message;
}

absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& duration, std::string_view field) {
  if (!IsLegal(duration.seconds(), duration.nanos())) {
    return FieldError(field, absl::StrCat(duration.seconds(), " s ", duration.nanos(), " ns"),
                      "at most 315,576,000,000 s, with less than 1,000,000,000 ns of the same sign");
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace trainyard
