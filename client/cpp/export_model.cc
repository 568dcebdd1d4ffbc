#include "client/cpp/export_model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/crc32c.h"
#include "client/cpp/status_macros.h"

namespace trainyard::client {
namespace {

// A file that takes its name only when it is complete, and is removed otherwise.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(Named(path)), temporary_(absl::StrCat(path_, ".part-XXXXXX")) {
    std::error_code error;
    if (std::filesystem::exists(path_, error) && !std::filesystem::is_regular_file(path_, error)) {
      status_ = absl::InvalidArgumentError(absl::StrCat("can't write ", path, ": it is there, and not a file"));
      return;
    }
    descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor_ < 0) status_ = absl::ErrnoToStatus(errno, absl::StrCat("can't write ", path));
  }

  ~NewFile() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    if (!named_) unlink(temporary_.c_str());
  }

  absl::Status status() const { return status_; }

  absl::Status Append(std::string_view data) {
    while (!data.empty()) {
      const ssize_t written = write(descriptor_, data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't write ", path_));
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status GiveName() {
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0 ||
        rename(temporary_.c_str(), path_.c_str()) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("can't write ", path_));
    }
    named_ = true;
    return absl::OkStatus();
  }

 private:
  // What symbolic links lead to, so that they stay.
  static std::string Named(const std::string& path) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::canonical(path, error);
    return error ? path : target.string();
  }

  const std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  absl::Status status_;
  bool named_ = false;
};

absl::Status Check(const v1::ExportModelResponse& piece, int64_t received) {
  if (piece.offset() != received) {
    return absl::DataLossError(
        absl::StrCat("the export came with byte ", piece.offset(), " where ", received, " was due"));
  }
  if (piece.crc32c() != Crc32c(piece.data())) {
    return absl::DataLossError(absl::StrCat("the export's bytes from ", received, " on do not match their checksum"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> ExportModel(Client& client, const v1::ExportModelRequest& request, const std::string& path,
                                    const std::function<void(int64_t, int64_t)>& progress) {
  NewFile file(path);
  RETURN_IF_ERROR(file.status());
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReader<v1::ExportModelResponse>> stream =
      client.models().ExportModel(&context, request);
  int64_t received = 0;
  int64_t total = 0;
  absl::Status broken;
  v1::ExportModelResponse piece;
  while (broken.ok() && stream->Read(&piece)) {
    broken.Update(Check(piece, received));
    if (broken.ok()) broken.Update(file.Append(piece.data()));
    received += static_cast<int64_t>(piece.data().size());
    total = piece.size_bytes();
    if (broken.ok() && progress) progress(received, total);
  }
  if (!broken.ok()) context.TryCancel();
  const absl::Status status = ToStatus(stream->Finish());
  RETURN_IF_ERROR(broken);
  RETURN_IF_ERROR(status);
  if (received != total) {
    return absl::DataLossError(absl::StrCat("the export ended after ", received, " of ", total, " bytes"));
  }
  RETURN_IF_ERROR(file.GiveName());
  return received;
}

}  // namespace trainyard::client
