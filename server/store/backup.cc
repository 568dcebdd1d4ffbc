#include "server/store/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/store/database.h"
#include "server/store/files.h"

namespace trainyard {
namespace {

namespace fs = std::filesystem;

// A file may go between the moment of the database and its copy: then the next moment is tried.
constexpr int kMoments = 50;
constexpr absl::Duration kBetweenMoments = absl::Milliseconds(20);

// The files of a job that is being deleted go before its rows.
constexpr std::string_view kNamedFiles =
    "SELECT file FROM datasets UNION SELECT file FROM checkpoints WHERE state IS NULL"
    " AND job NOT IN (SELECT key FROM jobs WHERE deleted)";
constexpr std::string_view kNamedUploads = "SELECT substr(name, instr(name, '/') + 1) FROM uploads";

absl::Status CopyError(std::string_view doing, const fs::path& path, const std::error_code& error) {
  errno = error.value();
  return FileError(doing, path);
}

absl::Status SyncCopy(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError("open", path);
  absl::Status status = fsync(fd) == 0 ? absl::OkStatus() : FileError("sync", path);
  close(fd);
  return status;
}

absl::Status MakeBackupFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? CopyError("make", path, error) : absl::OkStatus();
}

// An empty folder beside `to`, of a name that was not there.
absl::StatusOr<fs::path> MakePartialCopy(const fs::path& to) {
  std::string path = to.string() + "~XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return FileError("make", path);
  return path;
}

// NOT_FOUND: there is no such file.
absl::Status Copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return CopyError("copy", from, error);
  return SyncCopy(to);
}

// The same, a link where that is possible; a file that is there already stays.
absl::Status LinkOrCopy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error || error == std::errc::file_exists) return absl::OkStatus();
  if (error == std::errc::no_such_file_or_directory) return CopyError("find", from, error);
  return Copy(from, to);
}

absl::StatusOr<std::vector<std::string>> NamesIn(Connection& connection, std::string_view sql) {
  ASSIGN_OR_RETURN(Statement select, connection.Prepare(sql));
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return names;
    names.emplace_back(select.Text(0));
  }
}

// As the transaction of `connection` sees it.
absl::Status CopyDatabase(Connection& connection, const fs::path& to) {
  sqlite3* copy = nullptr;
  int code = sqlite3_open_v2(to.c_str(), &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_backup* const backup = sqlite3_backup_init(copy, "main", connection.handle(), "main");
    if (backup != nullptr) {
      sqlite3_backup_step(backup, -1);
      sqlite3_backup_finish(backup);
    }
    code = sqlite3_extended_errcode(copy);
  }
  const absl::Status status = SqliteStatus(copy, code, "copy its database to " + to.string());
  sqlite3_close_v2(copy);
  return status.ok() ? SyncCopy(to) : status;
}

class Copier {
 public:
  Copier(const fs::path& from, const fs::path& to) : from_(from), to_(to) {}

  absl::StatusOr<Backup> Run() {
    ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::OpenForReading(from_ / kDatabaseName));
    RETURN_IF_ERROR(MakeBackupFolder(to_ / "blobs"));
    RETURN_IF_ERROR(MakeBackupFolder(to_ / "uploads"));
    RETURN_IF_ERROR(ChooseMoment(*connection));
    RETURN_IF_ERROR(CopyDatabase(*connection, to_ / kDatabaseName));
    RETURN_IF_ERROR(connection->Run("COMMIT"));
    for (const fs::path& folder : {to_ / "blobs", to_ / "uploads", to_}) RETURN_IF_ERROR(SyncFolder(folder));
    return Count();
  }

 private:
  // Begins a transaction at whose moment all named files are there, and are in the copy.
  absl::Status ChooseMoment(Connection& connection) {
    for (int moment = 1;; ++moment) {
      RETURN_IF_ERROR(connection.Run("BEGIN"));
      ASSIGN_OR_RETURN(const std::vector<std::string> blobs, NamesIn(connection, kNamedFiles));
      ASSIGN_OR_RETURN(const std::vector<std::string> uploads, NamesIn(connection, kNamedUploads));
      const bool last = moment == kMoments;
      result_.missing.clear();
      RETURN_IF_ERROR(Take("blobs", blobs, LinkOrCopy));
      // They still grow; their first bytes do not change.
      if (result_.missing.empty() || last) RETURN_IF_ERROR(Take("uploads", uploads, Copy));
      if (result_.missing.empty() || last) {
        RETURN_IF_ERROR(RemoveOthers("blobs", blobs));
        return RemoveOthers("uploads", uploads);
      }
      RETURN_IF_ERROR(connection.Run("COMMIT"));
      absl::SleepFor(kBetweenMoments);
    }
  }

  // Notes which of the files are missing.
  absl::Status Take(const char* folder, const std::vector<std::string>& names,
                    absl::Status (*take)(const fs::path& from, const fs::path& to)) {
    for (const std::string& name : names) {
      const absl::Status status = take(from_ / folder / name, to_ / folder / name);
      if (!status.ok() && !absl::IsNotFound(status)) return status;
      if (!status.ok()) result_.missing.push_back(name);
    }
    return absl::OkStatus();
  }

  // What an earlier moment named.
  absl::Status RemoveOthers(const char* folder, const std::vector<std::string>& names) {
    const std::set<std::string> kept(names.begin(), names.end());
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(to_ / folder)) {
      if (!kept.contains(entry.path().filename())) others.push_back(entry.path());
    }
    for (const fs::path& path : others) {
      if (unlink(path.c_str()) != 0) return FileError("remove", path);
    }
    return absl::OkStatus();
  }

  Backup Count() {
    result_.database_bytes = static_cast<int64_t>(fs::file_size(to_ / kDatabaseName));
    for (const char* folder : {"blobs", "uploads"}) {
      for (const auto& entry : fs::directory_iterator(to_ / folder)) {
        ++result_.files;
        result_.file_bytes += static_cast<int64_t>(entry.file_size());
      }
    }
    return result_;
  }

  const fs::path from_;
  const fs::path to_;
  Backup result_;
};

}  // namespace

absl::StatusOr<Backup> BackUp(const std::string& data_directory, const std::string& target) {
  std::error_code error;
  if (!fs::exists(fs::path(data_directory) / kDatabaseName, error)) {
    return absl::FailedPreconditionError(absl::StrCat("there is no store in ", data_directory));
  }
  fs::path to = fs::absolute(target).lexically_normal();
  if (!to.has_filename()) to = to.parent_path();
  if (fs::exists(to, error)) {
    return absl::AlreadyExistsError(absl::StrCat(to.string(), " is there already; choose a folder that is not"));
  }
  RETURN_IF_ERROR(MakeBackupFolder(to.parent_path()));
  ASSIGN_OR_RETURN(const fs::path partial, MakePartialCopy(to));
  absl::StatusOr<Backup> backup = Copier(data_directory, partial).Run();
  if (backup.ok() && rename(partial.c_str(), to.c_str()) != 0) backup = FileError("make", to);
  if (!backup.ok()) {
    fs::remove_all(partial, error);
    return backup;
  }
  RETURN_IF_ERROR(SyncFolder(to.parent_path()));
  return backup;
}

}  // namespace trainyard
