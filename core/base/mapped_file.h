// A read-only memory-mapped file.

#ifndef TRAINYARD_CORE_BASE_MAPPED_FILE_H_
#define TRAINYARD_CORE_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trainyard {

// Thread-safe.
class MappedFile {
 public:
  // NOT_FOUND: no such file.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

  // Bytes [begin, end) are not needed soon: their whole pages leave memory. Who reads them later waits for the disk.
  void Forget(size_t begin, size_t end) const;

 private:
  explicit MappedFile(int fd) : fd_(fd) {}

  const int fd_;
  std::string_view bytes_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_MAPPED_FILE_H_
