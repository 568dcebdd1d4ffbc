// SHA-256 of bytes that arrive in pieces.

#ifndef TRAINYARD_CLIENT_CPP_SHA256_H_
#define TRAINYARD_CLIENT_CPP_SHA256_H_

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace trainyard::client {

class Sha256 {
 public:
  Sha256();

  void Update(std::string_view data);

  // Lower-case hexadecimal, of all so far. Nothing may follow.
  std::string Finish();

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_SHA256_H_
