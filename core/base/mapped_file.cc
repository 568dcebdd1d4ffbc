#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace trainyard {
namespace {

constexpr size_t kPage = 4096;

absl::Status FaultOf(std::string_view doing, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", std::string(doing), " ", path));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FaultOf("open", path);
  const std::shared_ptr<MappedFile> file(new MappedFile(fd));
  struct stat info;
  if (fstat(fd, &info) != 0) return FaultOf("examine", path);
  const size_t size = static_cast<size_t>(info.st_size);
  if (size == 0) return file;
  void* const bytes = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return FaultOf("map", path);
  file->bytes_ = {static_cast<const char*>(bytes), size};
  // Read from front to back: in large pages a gigabyte is two hundred faults in place of tens of thousands.
  (void)madvise(bytes, size, MADV_HUGEPAGE);
  return file;
}

void MappedFile::Forget(size_t begin, size_t end) const {
  const size_t first = (begin + kPage - 1) / kPage * kPage;
  const size_t last = end == bytes_.size() ? end : end / kPage * kPage;
  if (first >= last) return;
  madvise(const_cast<char*>(bytes_.data()) + first, last - first, MADV_DONTNEED);
  posix_fadvise(fd_, static_cast<off_t>(first), static_cast<off_t>(last - first), POSIX_FADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  close(fd_);
}

}  // namespace trainyard
