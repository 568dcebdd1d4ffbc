// Files read as one, each following the last.

#ifndef TRAINYARD_CLIENT_CPP_FILE_SEQUENCE_H_
#define TRAINYARD_CLIENT_CPP_FILE_SEQUENCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard::client {

class FileSequence {
 public:
  // NOT_FOUND, PERMISSION_DENIED, …: a file can't be opened, as the system says. INVALID_ARGUMENT: it is a folder.
  static absl::StatusOr<FileSequence> Open(const std::vector<std::string>& paths);

  FileSequence(FileSequence&& other) noexcept;
  FileSequence& operator=(FileSequence&&) = delete;
  ~FileSequence();

  // Of all files together, when they were opened.
  int64_t size_bytes() const { return size_bytes_; }

  // Exactly `count` bytes from `offset` on, both within size_bytes().
  // DATA_LOSS: a file has become shorter. INTERNAL: the system can't read it.
  absl::StatusOr<std::string> Read(int64_t offset, int64_t count) const;

 private:
  struct File {
    std::string path;
    int descriptor;
    int64_t begin;
    int64_t size_bytes;
  };

  FileSequence() = default;

  std::vector<File> files_;
  int64_t size_bytes_ = 0;
};

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_FILE_SEQUENCE_H_
