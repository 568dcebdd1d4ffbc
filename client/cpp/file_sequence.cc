#include "client/cpp/file_sequence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/status_macros.h"

namespace trainyard::client {
namespace {

absl::Status ReadAll(const std::string& path, int descriptor, int64_t offset, char* buffer, int64_t count) {
  while (count > 0) {
    const ssize_t got = pread(descriptor, buffer, static_cast<size_t>(count), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't read ", path));
    if (got == 0) return absl::DataLossError(absl::StrCat(path, " became shorter while it was read"));
    buffer += got;
    offset += got;
    count -= got;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FileSequence> FileSequence::Open(const std::vector<std::string>& paths) {
  FileSequence sequence;
  for (const std::string& path : paths) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open ", path));
    sequence.files_.push_back({path, descriptor, sequence.size_bytes_, 0});
    struct stat info = {};
    if (fstat(descriptor, &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't read ", path));
    if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
    sequence.files_.back().size_bytes = info.st_size;
    sequence.size_bytes_ += info.st_size;
  }
  return sequence;
}

FileSequence::FileSequence(FileSequence&& other) noexcept
    : files_(std::exchange(other.files_, {})), size_bytes_(other.size_bytes_) {}

FileSequence::~FileSequence() {
  for (const File& file : files_) close(file.descriptor);
}

absl::StatusOr<std::string> FileSequence::Read(int64_t offset, int64_t count) const {
  std::string bytes(static_cast<size_t>(count), '\0');
  for (const File& file : files_) {
    const int64_t begin = std::max(offset, file.begin);
    const int64_t end = std::min(offset + count, file.begin + file.size_bytes);
    if (begin >= end) continue;
    RETURN_IF_ERROR(
        ReadAll(file.path, file.descriptor, begin - file.begin, bytes.data() + (begin - offset), end - begin));
  }
  return bytes;
}

}  // namespace trainyard::client
