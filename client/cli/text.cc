#include "client/cli/text.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cwchar>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/stubs/common.h"

namespace trainyard::cli {
namespace {

// Of a google.protobuf.Duration.
constexpr absl::Duration kLongestTime = absl::Seconds(315'576'000'000);

struct Glyph {
  size_t bytes;
  int columns;
};

// The first of `text`, which is not empty.
Glyph FirstGlyph(absl::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) return {1, 1};
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = uselocale(utf8);
  wchar_t character = 0;
  std::mbstate_t state = {};
  const size_t bytes = std::mbrtowc(&character, text.data(), text.size(), &state);
  const int columns = wcwidth(character);
  uselocale(before);
  if (bytes > text.size()) return {1, 1};
  // A character that the library does not know counts as an ordinary one.
  return {bytes, columns < 0 ? 1 : columns};
}

}  // namespace

std::string NumberText(double value) {
  if (std::isnan(value)) return "nan";
  return absl::StrFormat("%.4g", value);
}

std::string ExactNumberText(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> buffer;
  return std::string(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

std::string CountText(int64_t value) {
  const std::string digits = absl::StrCat(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const size_t left = digits.size() - i;
    if (left % 3 == 0 && !text.empty() && text != "-") text += ',';
    text += digits[i];
  }
  return text;
}

std::string BytesText(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string DurationText(absl::Duration duration) {
  if (duration < absl::Milliseconds(1)) return absl::StrFormat("%.0f µs", absl::ToDoubleMicroseconds(duration));
  if (duration < absl::Seconds(1)) return absl::StrFormat("%.0f ms", absl::ToDoubleMilliseconds(duration));
  if (duration < absl::Seconds(10)) return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
  const int64_t seconds = absl::ToInt64Seconds(duration + absl::Milliseconds(500));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

absl::StatusOr<google::protobuf::Duration> ParseTime(const std::string& text) {
  absl::Duration time;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    time = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &time)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a time; write 90, 90s or 1h30m"));
  }
  if (absl::AbsDuration(time) > kLongestTime || std::isnan(seconds)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" must be finite, and at most 315576000000 seconds"));
  }
  google::protobuf::Duration duration;
  duration.set_seconds(absl::IDivDuration(time, absl::Seconds(1), &time));
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time)));
  return duration;
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(timestamp), absl::UTCTimeZone());
}

std::string Printable(absl::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters as well.
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    if (c == '\n' || c == '\t') {
      result += ' ';
    } else if (c1 || c < 0x20 || c == 0x7F) {
      result += '?';
    } else {
      result += text[i];
    }
  }
  return result;
}

bool IsUtf8(absl::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

int DisplayWidth(absl::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Glyph glyph = FirstGlyph(text);
    columns += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string Shortened(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 0) return "";
  size_t end = 0;
  for (int columns = 0; end < text.size();) {
    const Glyph glyph = FirstGlyph(text.substr(end));
    columns += glyph.columns;
    if (columns >= width) break;
    end += glyph.bytes;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

}  // namespace trainyard::cli
