#include "server/rpc/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/wrappers.pb.h"

namespace trainyard {
namespace {

constexpr int kMostRefusalsASecond = 100;

void AddField(std::string_view name, const std::string& value, std::string* line) {
  if (value.empty()) return;
  google::protobuf::StringValue text;
  text.set_value(value);
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(text, &json).ok()) json = "\"?\"";
  absl::StrAppend(line, ",\"", std::string(name), "\":", json);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDERR_FILENO) : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return absl::FailedPreconditionError(absl::StrCat("can't write to ", path, ": ", strerror(errno)));
  return std::unique_ptr<AuditLog>(new AuditLog(fd));
}

AuditLog::~AuditLog() { close(fd_); }

void AuditLog::Add(const AuditEntry& entry, const absl::Status& outcome) { Write(entry, outcome, 0); }

void AuditLog::AddRefusal(const AuditEntry& entry, const absl::Status& refusal) {
  int64_t left_out = 0;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = absl::Now();
    if (now - second_ >= absl::Seconds(1)) {
      second_ = now;
      written_ = 0;
    }
    if (written_ == kMostRefusalsASecond) {
      ++left_out_;
      return;
    }
    ++written_;
    std::swap(left_out, left_out_);
  }
  Write(entry, refusal, left_out);
}

void AuditLog::Write(const AuditEntry& entry, const absl::Status& outcome, int64_t left_out) const {
  std::string line =
      absl::StrCat("{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), "\"");
  AddField("caller", entry.caller, &line);
  AddField("certificate", entry.certificate, &line);
  AddField("peer", entry.peer, &line);
  AddField("method", entry.method, &line);
  AddField("resource", entry.resource, &line);
  AddField("code", absl::StatusCodeToString(outcome.code()), &line);
  AddField("reason", ErrorReason(outcome), &line);
  if (left_out > 0) absl::StrAppend(&line, ",\"left_out\":", left_out);
  absl::StrAppend(&line, "}\n");
  // One write a line: lines of several threads, or several servers, never mix.
  if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::cerr << absl::StrCat("trainyard-server: the audit log can't be written: ", strerror(errno), "; ", line);
  }
}

}  // namespace trainyard
