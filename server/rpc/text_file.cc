#include "server/rpc/text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace trainyard {
namespace {

constexpr size_t kMostBytes = size_t{4} << 20;

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  // A folder opens, but gives nothing.
  if (!file.is_open() || (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())) {
    return absl::FailedPreconditionError(absl::StrCat("can't read ", path, ": ", strerror(errno)));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMostBytes) return absl::FailedPreconditionError(absl::StrCat(path, " has more than 4 MiB"));
  return text;
}

}  // namespace trainyard
