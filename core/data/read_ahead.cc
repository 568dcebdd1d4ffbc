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

bool ReadAhead::closed() {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

void ReadAhead::Ask(int64_t begin, int64_t end) {
  const Rows rows{begin, end};
  absl::MutexLock lock(&mutex_);
  for (int64_t call = std::max<int64_t>(asked_ - kAhead, 0); call < asked_; ++call) {
    if (Of(call) == rows) return;
  }
  Of(asked_++) = rows;
}

void ReadAhead::Work() {
  const auto told = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || begun_ < asked_; };
  for (;;) {
    Rows rows;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&told));
      if (closed_) return;
      begun_ = std::max(begun_, asked_ - kAhead);
      rows = Of(begun_++);
    }
    Fetch(rows);
    AwaitAll(rows);
  }
}

void ReadAhead::Fetch(const Rows& rows) {
  // All rows have been there once; those that are gone do not fit beside the others.
  const bool again = rows_fetched_ >= dataset_->row_count();
  const bool is_gone = again && !dataset_->IsInMemory(rows.begin, rows.end);
  const bool need_not_stay = is_gone && ++gone_ % kTried != 0;
  rows_fetched_ += rows.end - rows.begin;
  Rows& used = fetched_[next_fetched_++ % kUsed];
  dataset_->Forget(used.begin, used.end);
  dataset_->Fetch(rows.begin, rows.end);
  used = need_not_stay ? rows : Rows();
}

void ReadAhead::AwaitAll(const Rows& rows) {
  for (int64_t begin = rows.begin; begin < rows.end && !closed(); begin += kPiece) {
    dataset_->Await(begin, std::min(begin + kPiece, rows.end));
  }
}

}  // namespace trainyard
