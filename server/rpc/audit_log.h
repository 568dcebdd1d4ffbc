// The record of who changed what, and of who was refused: one JSON object a line.
//
//   {"time":"2026-11-28T12:00:00.123Z","caller":"alice","peer":"ipv4:10.0.0.7:4242","method":"trainyard.v1.JobService.CancelJob",
//    "resource":"jobs/01a2…","code":"OK"}
//
// A refusal has a `reason` as well: that of the error's details.

#ifndef TRAINYARD_SERVER_RPC_AUDIT_LOG_H_
#define TRAINYARD_SERVER_RPC_AUDIT_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace trainyard {

struct AuditEntry {
  std::string caller;       // empty: unknown
  std::string certificate;  // the common name of the client's certificate; empty: it has none
  std::string peer;
  std::string method;
  std::string resource;  // empty: unknown
};

// Thread-safe. Touches the disk: never on a gRPC thread.
class AuditLog {
 public:
  // Appends to the file, which is made, readable by its owner alone, where there is none; `-` is stderr. FAILED_PRECONDITION: it can't
  // be opened.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  ~AuditLog();

  // A call that was let in, and how it ended.
  void Add(const AuditEntry& entry, const absl::Status& outcome);

  // A call that was not. At most 100 a second are written; the next one tells in `left_out` how many were not.
  void AddRefusal(const AuditEntry& entry, const absl::Status& refusal);

 private:
  explicit AuditLog(int fd) : fd_(fd) {}
  void Write(const AuditEntry& entry, const absl::Status& outcome, int64_t left_out) const;

  const int fd_;
  absl::Mutex mutex_;
  absl::Time second_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // in which refusals are counted
  int written_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_AUDIT_LOG_H_
