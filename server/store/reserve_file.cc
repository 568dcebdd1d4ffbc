#include "server/store/reserve_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

namespace trainyard {

void ReserveFile::MakeIfThereIsRoom() const {
  struct stat info;
  if (path_.empty() || (stat(path_.c_str(), &info) == 0 && info.st_size >= bytes_)) return;
  struct statvfs disk;
  const std::string folder = std::filesystem::path(path_).parent_path();
  if (statvfs(folder.c_str(), &disk) != 0) return;
  if (static_cast<int64_t>(disk.f_bavail * disk.f_frsize) < 4 * bytes_) return;
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (posix_fallocate(fd, 0, bytes_) != 0) unlink(path_.c_str());
  close(fd);
}

bool ReserveFile::Remove() const { return !path_.empty() && unlink(path_.c_str()) == 0; }

}  // namespace trainyard
