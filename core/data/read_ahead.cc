#include "core/data/read_ahead.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace trainyard {

ReadAhead::ReadAhead(std::shared_ptr<const Dataset> dataset) : dataset_(std::move(dataset)) {
  try {
    thread_ = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
  }
}

ReadAhead::~ReadAhead() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void ReadAhead::Ask(int64_t begin, int64_t end) {
  const Rows rows{begin, end};
  absl::MutexLock lock(&mutex_);
  for (int64_t call = std::max<int64_t>(asked_ - kAhead, 0); call < asked_; ++call) {
    if (Of(call) == rows) return;
  }
  Of(asked_++) = rows;
}

void ReadAhead::AwaitBegun() {
  if (!thread_.joinable()) return;
  const auto begun = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return begun_ == asked_; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&begun));
}

ReadAhead::Rows ReadAhead::TakeAsked() {
  const auto told = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || taken_ < asked_; };
  absl::MutexLock lock(&mutex_);
  begun_ = taken_;
  if (awaited_.empty() && next_.empty()) mutex_.Await(absl::Condition(&told));
  if (closed_ || taken_ == asked_) return {};
  taken_ = std::max(taken_, asked_ - kAhead);
  return Of(taken_++);
}

bool ReadAhead::closed() {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

// What is asked for is fetched before anything is waited for: the disk always has something to do.
void ReadAhead::Work() {
  while (!closed()) {
    const Rows asked = TakeAsked();
    if (asked.empty()) {
      AwaitPiece();
      continue;
    }
    Fetch(asked);
    if (!next_.empty()) awaited_ = next_;  // whoever trains has passed what was awaited
    next_ = asked;
  }
}

void ReadAhead::Fetch(const Rows& rows) {
  if (oldest_.empty()) oldest_ = rows;
  const bool fits = rows_fetched_ < dataset_->row_count() && dataset_->IsInMemory(oldest_.begin, oldest_.end);
  const bool is_gone = !fits && !dataset_->IsInMemory(rows.begin, rows.end);
  const bool need_not_stay = is_gone && ++gone_ % kTried != 0;
  rows_fetched_ += rows.end - rows.begin;
  Rows& used = fetched_[next_fetched_++ % kUsed];
  dataset_->Forget(used.begin, used.end);
  dataset_->Fetch(rows.begin, rows.end);
  used = need_not_stay ? rows : Rows();
}

void ReadAhead::AwaitPiece() {
  if (awaited_.empty()) awaited_ = std::exchange(next_, Rows());
  const int64_t end = std::min(awaited_.begin + kPiece, awaited_.end);
  dataset_->Await(awaited_.begin, end);
  awaited_.begin = end;
}

}  // namespace trainyard
