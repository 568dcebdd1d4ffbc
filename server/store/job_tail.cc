#include "server/store/job_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr size_t kMostEntries = 2048;
constexpr int64_t kMostBytes = int64_t{1} << 20;

int64_t SizeOf(const LogEntry& entry) { return static_cast<int64_t>(entry.event->size()); }

}  // namespace

absl::Status CheckCursor(const LogRange& range, int64_t from) {
  if (from >= range.oldest && from <= range.newest + 1) return absl::OkStatus();
  const std::string rule = from < range.oldest ? absl::StrCat("the oldest kept is ", range.oldest)
                                               : absl::StrCat("the newest is ", range.newest);
  return WithReason(absl::OutOfRangeError(absl::StrCat("event ", from, " is not in the log: ", rule)),
                    "SEQUENCE_NOT_KEPT",
                    {{"oldest", absl::StrCat(range.oldest)}, {"newest", absl::StrCat(range.newest)}});
}

bool JobTail::loaded() const {
  absl::MutexLock lock(&mutex_);
  return loaded_;
}

void JobTail::Load(const LogRange& range) {
  absl::MutexLock lock(&mutex_);
  if (loaded_) return;
  loaded_ = true;
  committed_ = range;
  numbered_ = written_ = range.newest;
  terminal_numbered_ = range.ended;
}

std::optional<LogRange> JobTail::range() const {
  absl::MutexLock lock(&mutex_);
  if (!loaded_) return std::nullopt;
  return committed_;
}

absl::StatusOr<int64_t> JobTail::Number(bool terminal, Enqueue enqueue) {
  absl::MutexLock lock(&mutex_);
  if (!loaded_) return absl::FailedPreconditionError("the job's log was not loaded before an event was appended");
  if (terminal_numbered_)
    return absl::FailedPreconditionError("the job's log has ended: nothing follows a terminal event");
  ++numbered_;
  ++uncommitted_;
  terminal_numbered_ = terminal;
  uncommitted_bytes_ += enqueue(numbered_, summarizer_);
  if (terminal) summarizer_ = Summarizer();
  return numbered_;
}

absl::Status JobTail::MayWrite(int64_t sequence) {
  absl::MutexLock lock(&mutex_);
  if (sequence > written_ + 1) {
    return absl::AbortedError(
        absl::StrCat("event ", written_ + 1, " of the job could not be written, nor can ", sequence));
  }
  written_ = sequence;
  return absl::OkStatus();
}

void JobTail::CouldNotWrite(int64_t sequence) {
  absl::MutexLock lock(&mutex_);
  written_ = sequence - 1;
}

int64_t JobTail::Committed(LogEntry entry, bool terminal) {
  absl::MutexLock lock(&mutex_);
  const int64_t before = bytes_;
  committed_.newest = entry.sequence;
  committed_.ended = terminal;
  Settle(SizeOf(entry));
  bytes_ += SizeOf(entry);
  entries_.push_back(std::move(entry));
  while (entries_.size() > kMostEntries || (bytes_ > kMostBytes && entries_.size() > 1)) {
    bytes_ -= SizeOf(entries_.front());
    entries_.pop_front();
  }
  return bytes_ - before;
}

void JobTail::Dropped(int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  Settle(bytes);
  if (uncommitted_ > 0) return;
  numbered_ = committed_.newest;
  terminal_numbered_ = committed_.ended;
  written_ = committed_.newest;
}

void JobTail::Settle(int64_t bytes) {
  --uncommitted_;
  uncommitted_bytes_ -= bytes;
}

int64_t JobTail::uncommitted_bytes() const {
  absl::MutexLock lock(&mutex_);
  return uncommitted_bytes_;
}

absl::StatusOr<std::optional<LogPage>> JobTail::Read(int64_t from, int limit) const {
  absl::MutexLock lock(&mutex_);
  if (!loaded_) return std::nullopt;
  RETURN_IF_ERROR(CheckCursor(committed_, from));
  LogPage page{.entries = {}, .oldest = committed_.oldest, .newest = committed_.newest, .ended = committed_.ended};
  if (from > committed_.newest) return page;
  if (entries_.empty() || from < entries_.front().sequence) return std::nullopt;
  const auto begin = entries_.begin() + (from - entries_.front().sequence);
  const auto count = std::min<int64_t>(std::max(limit, 0), entries_.end() - begin);
  page.entries.assign(begin, begin + count);
  return page;
}

int64_t JobTail::Trim() {
  absl::MutexLock lock(&mutex_);
  entries_.clear();
  return std::exchange(bytes_, 0);
}

}  // namespace trainyard
