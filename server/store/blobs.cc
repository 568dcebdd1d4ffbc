#include "server/store/blobs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

namespace fs = std::filesystem;

// Not part of any blob's name.
constexpr char kTemporaryMark = '~';

constexpr int64_t kLeastRoom = int64_t{1} << 30;
constexpr int64_t kLeastShare = 20;  // one part in so many

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", folder));
  return SyncFolder(fs::path(folder).parent_path());
}

absl::StatusOr<std::vector<std::string>> Names(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", folder));
  std::sort(names.begin(), names.end());
  return names;
}

std::string PathIn(const std::string& folder, std::string_view name) { return fs::path(folder) / name; }

bool IsTemporary(std::string_view name) { return name.find(kTemporaryMark) != std::string_view::npos; }

absl::Status RemoveFile(const std::string& path) {
  if (SystemFileCalls().unlink(path.c_str()) != 0) return FileError("remove", path);
  return absl::OkStatus();
}

absl::StatusOr<struct statvfs> DiskOf(const std::string& folder) {
  struct statvfs disk;
  if (statvfs(folder.c_str(), &disk) != 0) return FileError("examine the disk of", folder);
  return disk;
}

int64_t Available(const struct statvfs& disk) { return static_cast<int64_t>(disk.f_bavail) * disk.f_frsize; }

}  // namespace

BlobWriter::~BlobWriter() {
  if (!published_) unlink(file_.path().c_str());
}

absl::Status BlobWriter::Append(std::string_view bytes) { return file_.Append(bytes); }

absl::Status BlobWriter::Overwrite(std::string_view bytes) { return file_.Overwrite(bytes); }

absl::Status BlobWriter::Clear() { return file_.Clear(); }

absl::Status BlobWriter::Publish() {
  RETURN_IF_ERROR(file_.Sync());
  if (SystemFileCalls().rename(file_.path().c_str(), path_.c_str()) != 0) return FileError("publish", path_);
  published_ = true;
  return SyncFolder(fs::path(path_).parent_path());
}

absl::Status UploadFile::Append(std::string_view bytes) { return file_.Append(bytes); }

absl::Status UploadFile::Sync() { return file_.Sync(); }

bool IsShortOfRoom(int64_t free, int64_t total) { return free < std::min(kLeastRoom, total / kLeastShare); }

absl::StatusOr<std::unique_ptr<Blobs>> Blobs::Open(const std::string& data_directory) {
  std::unique_ptr<Blobs> blobs(new Blobs(data_directory));
  RETURN_IF_ERROR(MakeFolder(blobs->blobs_));
  RETURN_IF_ERROR(MakeFolder(blobs->uploads_));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(blobs->blobs_));
  for (const std::string& name : names) {
    if (IsTemporary(name)) RETURN_IF_ERROR(RemoveFile(PathIn(blobs->blobs_, name)));
  }
  return blobs;
}

absl::StatusOr<std::unique_ptr<BlobWriter>> Blobs::Create(std::string_view name) const {
  std::string path = PathIn(blobs_, name);
  const std::string mark(1, kTemporaryMark);
  ASSIGN_OR_RETURN(GrowingFile file, GrowingFile::Open(absl::StrCat(path, mark, temporary_files_.fetch_add(1)), 0));
  return std::unique_ptr<BlobWriter>(new BlobWriter(std::move(file), std::move(path)));
}

absl::StatusOr<std::shared_ptr<const MappedFile>> Blobs::Map(std::string_view name) const {
  return MappedFile::Open(PathIn(blobs_, name));
}

absl::Status Blobs::Remove(std::string_view name) const { return RemoveFile(PathIn(blobs_, name)); }

absl::StatusOr<std::vector<std::string>> Blobs::List() const {
  ASSIGN_OR_RETURN(std::vector<std::string> names, Names(blobs_));
  std::erase_if(names, IsTemporary);
  return names;
}

absl::StatusOr<std::unique_ptr<UploadFile>> Blobs::OpenUpload(std::string_view name, int64_t at_most) const {
  ASSIGN_OR_RETURN(GrowingFile file, GrowingFile::Open(PathIn(uploads_, name), at_most));
  RETURN_IF_ERROR(SyncFolder(uploads_));
  return std::unique_ptr<UploadFile>(new UploadFile(std::move(file)));
}

absl::StatusOr<std::shared_ptr<const MappedFile>> Blobs::MapUpload(std::string_view name) const {
  return MappedFile::Open(PathIn(uploads_, name));
}

absl::Status Blobs::RemoveUpload(std::string_view name) const { return RemoveFile(PathIn(uploads_, name)); }

absl::StatusOr<absl::Time> Blobs::UploadTime(std::string_view name) const {
  const std::string path = PathIn(uploads_, name);
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return FileError("examine", path);
  return absl::TimeFromTimespec(info.st_mtim);
}

absl::StatusOr<std::vector<std::string>> Blobs::ListUploads() const { return Names(uploads_); }

int64_t Blobs::FreeBytes() const {
  const absl::StatusOr<struct statvfs> disk = DiskOf(blobs_);
  return disk.ok() ? Available(*disk) : 0;
}

bool Blobs::ShortOfRoom() const {
  const absl::StatusOr<struct statvfs> disk = DiskOf(blobs_);
  if (!disk.ok()) return true;
  return IsShortOfRoom(Available(*disk), static_cast<int64_t>(disk->f_blocks) * disk->f_frsize);
}

}  // namespace trainyard
