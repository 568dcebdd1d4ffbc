#include "server/run/upload_digest.h"

namespace trainyard {

void UploadDigest::Add(int64_t offset, std::string_view bytes) {
  if (offset != size_) return;
  sha_->Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
}

void UploadDigest::BeginAnew() {
  size_ = 0;
  sha_.emplace();
}

std::string UploadDigest::Of(std::string_view content) {
  Add(size_, content.substr(static_cast<size_t>(size_)));
  return sha_->DigestSoFar();
}

}  // namespace trainyard
