#include "server/base/journal.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

namespace trainyard {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kError:
      return "ERROR";
  }
  return "";
}

std::string Quoted(std::string_view text) {
  const bool well_formed = IsUtf8(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += absl::StrFormat("\\u%04x", byte);
    } else if (byte >= 0x80 && !well_formed) {
      quoted += kReplacement;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Value(const JournalField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) return Quoted(*text);
  if (const auto* whole = std::get_if<int64_t>(&field.value)) return absl::StrCat(*whole);
  if (const auto* truth = std::get_if<bool>(&field.value)) return *truth ? "true" : "false";
  const double number = std::get<double>(field.value);
  return std::isfinite(number) ? absl::StrCat(number) : Quoted(absl::StrCat(number));
}

}  // namespace

std::string JournalLine(JournalFormat format, absl::Time time, Severity severity, std::string_view event,
                        const std::vector<JournalField>& fields) {
  const std::string when = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
  if (format == JournalFormat::kText) {
    std::string line = absl::StrCat(when, " ", AbslView(Name(severity)), " ", AbslView(event));
    for (const JournalField& field : fields) absl::StrAppend(&line, " ", field.name, "=", Value(field));
    return line;
  }
  std::string line = absl::StrCat("{\"time\":\"", when, "\",\"level\":", absl::AsciiStrToLower(Quoted(Name(severity))),
                                  ",\"event\":", Quoted(event));
  for (const JournalField& field : fields) absl::StrAppend(&line, ",", Quoted(field.name), ":", Value(field));
  return line + "}";
}

Journal::Journal(const JournalOptions& options, Sink sink)
    : options_(options), sink_(std::move(sink)), thread_([this] { Run(); }) {}

Journal::~Journal() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

void Journal::Write(Severity severity, std::string_view event, const std::vector<JournalField>& fields) {
  if (severity < options_.least) return;
  std::string line = JournalLine(options_.format, absl::Now(), severity, event, fields) + "\n";
  absl::MutexLock lock(&mutex_);
  if (lines_.size() < options_.most_waiting) {
    lines_.push_back(std::move(line));
  } else {
    ++dropped_;
  }
}

void Journal::Run() {
  const auto has_reason_to_wake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !lines_.empty() || closed_; };
  while (true) {
    std::deque<std::string> lines;
    int64_t dropped = 0;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&has_reason_to_wake));
      if (lines_.empty()) return;
      lines.swap(lines_);
      std::swap(dropped, dropped_);
    }
    for (const std::string& line : lines) sink_(line);
    if (dropped > 0) {
      sink_(JournalLine(options_.format, absl::Now(), Severity::kWarning, "lines_dropped", {{"count", dropped}}) +
            "\n");
    }
  }
}

}  // namespace trainyard
