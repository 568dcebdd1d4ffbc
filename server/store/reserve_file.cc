#include "server/store/reserve_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace trainyard {
namespace {

constexpr int64_t kMostReserveBytes = int64_t{64} << 20;
constexpr int64_t kReserveShare = 16;  // one part in so many

}  // namespace

int64_t ReserveBytesFor(const std::string& folder) {
  struct statvfs disk;
  if (statvfs(folder.c_str(), &disk) != 0) return kMostReserveBytes;
  return std::min(kMostReserveBytes, static_cast<int64_t>(disk.f_blocks * disk.f_frsize) / kReserveShare);
}

bool ReserveFile::MakeIfThereIsRoom() const {
  struct stat info;
  if (path_.empty() || (stat(path_.c_str(), &info) == 0 && info.st_size >= bytes_)) return true;
  struct statvfs disk;
  const std::string folder = std::filesystem::path(path_).parent_path();
  if (statvfs(folder.c_str(), &disk) != 0) return false;
  if (static_cast<int64_t>(disk.f_bavail * disk.f_frsize) < 4 * bytes_) return false;
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool made = posix_fallocate(fd, 0, bytes_) == 0;
  if (!made) unlink(path_.c_str());
  close(fd);
  return made;
}

bool ReserveFile::Remove() const { return !path_.empty() && unlink(path_.c_str()) == 0; }

}  // namespace trainyard
