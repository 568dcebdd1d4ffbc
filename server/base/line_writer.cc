#include "server/base/line_writer.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/time/clock.h"

namespace trainyard {
namespace {

// After which a wait looks whether it may go on.
constexpr int kLookMilliseconds = 100;

// A pipe with room takes so many bytes at once.
constexpr size_t kPieceBytes = PIPE_BUF;

}  // namespace

void LineWriter::Write(std::string_view line) {
  while (!line.empty() && AwaitRoom()) {
    const ssize_t written = write(fd_, line.data(), std::min(line.size(), kPieceBytes));
    if (written > 0) {
      line.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      return;
    }
  }
}

void LineWriter::WaitAtMost(absl::Duration rest) {
  absl::MutexLock lock(&mutex_);
  wait_until_ = absl::Now() + rest;
}

bool LineWriter::AwaitRoom() const {
  pollfd room = {.fd = fd_, .events = POLLOUT, .revents = 0};
  while (poll(&room, 1, MayWait() ? kLookMilliseconds : 0) <= 0) {
    if (!MayWait()) return false;
  }
  return true;
}

bool LineWriter::MayWait() const {
  absl::MutexLock lock(&mutex_);
  return absl::Now() < wait_until_;
}

}  // namespace trainyard
