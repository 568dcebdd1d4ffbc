#include "server/rpc/security_options.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string_view>

#include "absl/strings/match.h"
#include "core/base/status.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/rpc/text_file.h"

namespace trainyard {
namespace {

constexpr unsigned int kBetweenReadsSeconds = 1;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// The first certificate of a PEM file. Errors name the flag.
absl::StatusOr<Certificate> ReadCertificate(std::string_view flag, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return FieldError(flag, path, "a certificate in PEM form");
  return certificate;
}

absl::StatusOr<Key> ReadKey(std::string_view flag, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // A key under a password would be asked for on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (key == nullptr) return FieldError(flag, path, "a private key in PEM form without a password");
  return key;
}

absl::Status CheckFiles(const SecurityOptions& options) {
  ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate("--tls-certificate", options.tls_certificate));
  ASSIGN_OR_RETURN(const Key key, ReadKey("--tls-key", options.tls_key));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return FieldError("--tls-key", options.tls_key, "the private key of --tls-certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return FieldError("--tls-certificate", options.tls_certificate, "a certificate that has not expired");
  }
  if (options.tls_client_ca.empty()) return absl::OkStatus();
  return ReadCertificate("--tls-client-ca", options.tls_client_ca).status();
}

}  // namespace

bool IsLoopback(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return true;
  const std::string host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  in_addr ip = {};
  return inet_pton(AF_INET, host.c_str(), &ip) == 1 && ntohl(ip.s_addr) >> 24 == 127;
}

absl::Status Validate(const SecurityOptions& options, const std::string& listen) {
  const bool has_tls = !options.tls_certificate.empty();
  if (has_tls && options.tls_key.empty()) return FieldError("--tls-key", "unset", "given with --tls-certificate");
  if (!has_tls && !options.tls_key.empty()) return FieldError("--tls-certificate", "unset", "given with --tls-key");
  if (!has_tls && !options.tls_client_ca.empty()) {
    return FieldError("--tls-certificate", "unset", "given, with --tls-key, beside --tls-client-ca");
  }
  if (IsLoopback(listen)) return absl::OkStatus();
  if (!options.insecure && (!has_tls || options.tokens.empty())) {
    return FieldError("--listen", listen,
                      "a loopback address, as 127.0.0.1:50551, unless --tls-certificate, --tls-key and --tokens are "
                      "given; --insecure lets everyone in");
  }
  if (!has_tls && !options.tokens.empty()) {
    return FieldError("--tokens", options.tokens,
                      "given with --tls-certificate and --tls-key where --listen is beyond loopback: without "
                      "encryption everyone on the way can read the tokens");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(const SecurityOptions& options) {
  if (options.tls_certificate.empty()) return grpc::InsecureServerCredentials();
  RETURN_IF_ERROR(CheckFiles(options));
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.tls_key, options.tls_certificate, options.tls_client_ca, kBetweenReadsSeconds));
  tls.watch_identity_key_cert_pairs();
  if (!options.tls_client_ca.empty()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace trainyard
