// Numbers, sizes and times as people read them, and text that is safe to show in a terminal.

#ifndef TRAINYARD_CLIENT_CLI_TEXT_H_
#define TRAINYARD_CLIENT_CLI_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace trainyard::cli {

// Four significant digits: `0.9722`, `1.234e-05`, `nan`, `inf`.
std::string NumberText(double value);

// With the digits that read back as the same double.
std::string ExactNumberText(double value);

// `1,234,567`
std::string CountText(int64_t value);

// `512 B`, `1.5 MiB`
std::string BytesText(int64_t bytes);

// `85 ms`, `2.4 s`, `3:05`, `1:02:03`
std::string DurationText(absl::Duration duration);

// INVALID_ARGUMENT: neither seconds, as `90` or `0.5`, nor a time like `90s` or `1h30m`.
absl::StatusOr<google::protobuf::Duration> ParseTime(const std::string& text);

absl::Duration ToDuration(const google::protobuf::Duration& duration);
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// In UTC: `2026-01-31 12:00:00`; empty where it is not set.
std::string TimeText(const google::protobuf::Timestamp& timestamp);

// The text without control characters, which could steer a terminal.
std::string Printable(absl::string_view text);

// What Protocol Buffers take for text.
bool IsUtf8(absl::string_view text);

// Columns that UTF-8 text takes in a terminal; one for each byte that is not UTF-8.
int DisplayWidth(absl::string_view text);

// At most `width` columns, ending in `…` where something was cut.
std::string Shortened(absl::string_view text, int width);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_TEXT_H_
