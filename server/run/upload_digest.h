// The SHA-256 of an upload, computed while it arrives.

#ifndef TRAINYARD_SERVER_RUN_UPLOAD_DIGEST_H_
#define TRAINYARD_SERVER_RUN_UPLOAD_DIGEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/sha256.h"

namespace trainyard {

class UploadDigest {
 public:
  // Bytes that arrive at `offset`.
  void Add(int64_t offset, std::string_view bytes);

  // As one that has seen nothing.
  void BeginAnew();

  // Of the whole content, of which it reads what it has not seen: all of it where an earlier server received the start.
  std::string Of(std::string_view content);

  // Bytes from the start that it has seen.
  int64_t size() const { return size_; }

 private:
  int64_t size_ = 0;
  std::optional<Sha256> sha_{std::in_place};
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_UPLOAD_DIGEST_H_
