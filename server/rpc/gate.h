// The gate that every call goes through: who calls, whether that caller may, and what is kept of it.
//
// A caller shows a token in the metadata `authorization: Bearer <token>`. A server without tokens lets everyone in.

#ifndef TRAINYARD_SERVER_RPC_GATE_H_
#define TRAINYARD_SERVER_RPC_GATE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/audit_log.h"
#include "server/rpc/security_options.h"
#include "server/rpc/token_file.h"
#include "server/run/caller.h"

namespace trainyard {

// The gate's answer to one call.
class Admission {
 public:
  // OK: the call may go on. UNAUTHENTICATED (TOKEN_MISSING, TOKEN_UNKNOWN), PERMISSION_DENIED (ROLE_TOO_SMALL).
  const absl::Status& status() const { return status_; }

  // Of a call that may go on.
  const Caller& caller() const { return caller_; }

  // Whether the token that opened the call would still do so: for calls that last. UNAUTHENTICATED (TOKEN_REVOKED).
  absl::Status StillHolds() const;

  // To be told, once, how the call ended and what it made or changed; never on a gRPC thread. Kept where the call was refused, or could
  // change something.
  void Record(const absl::Status& outcome, const std::string& resource = "") const;

 private:
  friend class Gate;
  absl::Status status_;
  Caller caller_;
  const TokenFile* tokens_ = nullptr;                // null: no token was asked for
  std::shared_ptr<const std::vector<Token>> known_;  // those of the file when the call came
  Token token_;
  AuditLog* log_ = nullptr;  // null: nothing is kept
  AuditEntry entry_;
};

// Thread-safe. Never blocks but in Open.
class Gate {
 public:
  // The errors of TokenFile::Open and AuditLog::Open.
  static absl::StatusOr<std::unique_ptr<Gate>> Open(const SecurityOptions& options);

  // Whether the caller's role is at least `least`. `request` may be an empty message of the method's request where none has come yet.
  Admission Authorize(const grpc::CallbackServerContext& context, Role least,
                      const google::protobuf::Message& request) const;

 private:
  absl::Status FindCaller(const grpc::CallbackServerContext& context, Role least, Admission* admission) const;

  std::unique_ptr<TokenFile> tokens_;  // null: everyone may do everything
  std::unique_ptr<AuditLog> audit_;    // null: nothing is kept
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_GATE_H_
