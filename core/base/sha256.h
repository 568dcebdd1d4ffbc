// SHA-256, as lower-case hexadecimal: the digest of contents and parameters.

#ifndef TRAINYARD_CORE_BASE_SHA256_H_
#define TRAINYARD_CORE_BASE_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

namespace trainyard {

class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void Update(std::string_view bytes);

  // Of the bytes so far; more may follow.
  std::string DigestSoFar() const;

  // To be called once, last.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Of(std::string_view bytes);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_SHA256_H_
