#include "client/cpp/credentials.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/status_macros.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/client_interceptor.h"

namespace trainyard::client {
namespace {

// Adds the token to the metadata of each call. gRPC's own call credentials refuse every connection that is not encrypted, loopback too.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(const std::string& value) : value_(value) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", value_);
    }
    methods->Proceed();
  }

 private:
  const std::string& value_;
};

class TokenInterceptors final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptors(const std::string& token) : value_(absl::StrCat("Bearer ", token)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new TokenInterceptor(value_);
  }

 private:
  const std::string value_;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // Of an empty file there is nothing to copy, which a stream takes for a failure.
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    return absl::InvalidArgumentError(absl::StrCat("can't read ", path, ": ", strerror(errno)));
  }
  return std::move(text).str();
}

// `what` is `CERTIFICATE` or `PRIVATE KEY`, the end of a kind of PEM block.
absl::StatusOr<std::string> ReadPem(const std::string& path, const std::string& what) {
  ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  if (absl::StrContains(text, "-----BEGIN ") && absl::StrContains(text, absl::StrCat(what, "-----"))) return text;
  return absl::InvalidArgumentError(absl::StrCat(path, " holds no ", absl::AsciiStrToLower(what), " in PEM form"));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const std::optional<TlsOptions>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  if (tls->certificate.empty() != tls->key.empty()) {
    return absl::InvalidArgumentError("a certificate and its key must be given together");
  }
  if (!tls->ca.empty()) {
    ASSIGN_OR_RETURN(options.pem_root_certs, ReadPem(tls->ca, "CERTIFICATE"));
  }
  if (!tls->certificate.empty()) {
    ASSIGN_OR_RETURN(options.pem_cert_chain, ReadPem(tls->certificate, "CERTIFICATE"));
    ASSIGN_OR_RETURN(options.pem_private_key, ReadPem(tls->key, "PRIVATE KEY"));
  }
  return grpc::SslCredentials(options);
}

bool IsLoopback(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return true;
  const std::string host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  in_addr ip = {};
  return inet_pton(AF_INET, host.c_str(), &ip) == 1 && ntohl(ip.s_addr) >> 24 == 127;
}

absl::Status CheckToken(const std::string& address, const Credentials& credentials) {
  // What stands there may be part of a secret: it is not shown.
  const auto is_plain = [](unsigned char c) { return absl::ascii_isgraph(c); };
  if (!std::all_of(credentials.token.begin(), credentials.token.end(), is_plain)) {
    return absl::InvalidArgumentError("the token must be one word of printable ASCII letters");
  }
  if (credentials.token.empty() || credentials.tls.has_value() || IsLoopback(address)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a token for ", address, " would cross the network in clear text; use TLS, or leave it out"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address, const Credentials& credentials,
                                                           const grpc::ChannelArguments& arguments) {
  RETURN_IF_ERROR(CheckToken(address, credentials));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ChannelCredentials> channel_credentials,
                   ChannelCredentials(credentials.tls));
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!credentials.token.empty()) interceptors.push_back(std::make_unique<TokenInterceptors>(credentials.token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, channel_credentials, arguments,
                                                                 std::move(interceptors));
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const absl::string_view token = absl::StripAsciiWhitespace(text);
  if (token.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " holds no token"));
  return std::string(token);
}

}  // namespace trainyard::client
