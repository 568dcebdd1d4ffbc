#include "server/rpc/gate.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// The method whose request this is: each has a request of its own.
std::string MethodOf(const google::protobuf::Message& request) {
  const google::protobuf::FileDescriptor& file = *request.GetDescriptor()->file();
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *file.service(i)->method(j);
      if (method.input_type() == request.GetDescriptor()) return method.full_name();
    }
  }
  return request.GetTypeName();
}

// What the request names.
std::string ResourceOf(const google::protobuf::Message& request) {
  for (const char* const name : {"name", "job", "model", "dataset", "upload"}) {
    const google::protobuf::FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) continue;
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      return ResourceOf(request.GetReflection()->GetMessage(request, field));
    }
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
    return request.GetReflection()->GetString(request, field);
  }
  return "";
}

// The common name of the client's certificate; empty where it showed none.
std::string CertificateName(const grpc::CallbackServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr) return "";
  const std::vector<grpc::string_ref> names = peer->FindPropertyValues("x509_common_name");
  return names.empty() ? "" : std::string(names[0].data(), names[0].size());
}

absl::Status Unauthenticated(std::string_view what, std::string_view reason) {
  return WithReason(absl::UnauthenticatedError(absl::StrCat(
                        AbslView(what), "; send one of the server's tokens as `authorization: Bearer <token>`")),
                    reason);
}

// The one token of the call. UNAUTHENTICATED: there is none, or more than one.
absl::StatusOr<std::string_view> SecretOf(const grpc::CallbackServerContext& context) {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  if (first == last) return Unauthenticated("the call has no token", "TOKEN_MISSING");
  if (std::next(first) != last) return Unauthenticated("the call has several tokens", "TOKEN_MISSING");
  std::string_view value(first->second.data(), first->second.size());
  if (!absl::StartsWithIgnoreCase(AbslView(value), AbslView(kScheme))) {
    return Unauthenticated("the call's authorization is not a bearer token", "TOKEN_MISSING");
  }
  value.remove_prefix(kScheme.size());
  return value;
}

void TellOfTokens(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << absl::StrCat("trainyard-server: ", status.message(), "; the former tokens stay in force\n");
}

}  // namespace

absl::Status Admission::StillHolds() const {
  if (tokens_ == nullptr) return absl::OkStatus();
  const std::shared_ptr<const std::vector<Token>> now = tokens_->tokens();
  if (now == known_) return absl::OkStatus();
  const auto is_same = [this](const Token& token) {
    return token.hash == token_.hash && token.caller.name == token_.caller.name && token.role >= token_.role;
  };
  if (std::any_of(now->begin(), now->end(), is_same)) return absl::OkStatus();
  return Unauthenticated("the token was taken back or changed while the call lasted", "TOKEN_REVOKED");
}

void Admission::Record(const absl::Status& outcome, const std::string& resource) const {
  if (log_ == nullptr) return;
  if (!status_.ok()) return log_->AddRefusal(entry_, status_);
  AuditEntry entry = entry_;
  if (!resource.empty()) entry.resource = resource;
  log_->Add(entry, outcome);
}

absl::StatusOr<std::unique_ptr<Gate>> Gate::Open(const SecurityOptions& options) {
  auto gate = std::make_unique<Gate>();
  if (!options.tokens.empty()) {
    ASSIGN_OR_RETURN(gate->tokens_, TokenFile::Open(options.tokens, &TellOfTokens));
  }
  // Without names there is little to keep, unless somebody asks for it.
  const std::string audit_log = options.audit_log.empty() && gate->tokens_ != nullptr ? "-" : options.audit_log;
  if (!audit_log.empty()) {
    ASSIGN_OR_RETURN(gate->audit_, AuditLog::Open(audit_log));
  }
  return gate;
}

absl::Status Gate::FindCaller(const grpc::CallbackServerContext& context, Role least, Admission* admission) const {
  if (tokens_ == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string_view secret, SecretOf(context));
  admission->known_ = tokens_->tokens();
  const Token* const token = FindToken(*admission->known_, secret);
  if (token == nullptr) return Unauthenticated("the call's token is not one that the server knows", "TOKEN_UNKNOWN");
  admission->tokens_ = tokens_.get();
  admission->token_ = *token;
  admission->caller_ = token->caller;
  if (token->role >= least) return absl::OkStatus();
  const std::string role(NameOf(token->role)), needed(NameOf(least));
  return WithReason(absl::PermissionDeniedError(absl::StrCat("the role of ", token->caller.name, " is ", role,
                                                             ", but this method needs ", needed)),
                    "ROLE_TOO_SMALL", {{"role", role}, {"needed", needed}});
}

Admission Gate::Authorize(const grpc::CallbackServerContext& context, Role least,
                          const google::protobuf::Message& request) const {
  Admission admission;
  admission.status_ = FindCaller(context, least, &admission);
  if (audit_ != nullptr && (!admission.status_.ok() || least > Role::kRead)) {
    admission.log_ = audit_.get();
    admission.entry_ = {.caller = admission.caller_.name,
                        .certificate = CertificateName(context),
                        .peer = context.peer(),
                        .method = MethodOf(request),
                        .resource = ResourceOf(request)};
  }
  return admission;
}

}  // namespace trainyard
