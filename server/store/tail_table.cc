#include "server/store/tail_table.h"

namespace trainyard {

std::shared_ptr<JobTail> TailTable::Find(JobKey job) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto row = rows_.find(job);
  return row == rows_.end() ? nullptr : row->second.tail;
}

std::shared_ptr<JobTail> TailTable::Get(JobKey job) {
  if (std::shared_ptr<JobTail> tail = Find(job)) return tail;
  absl::MutexLock lock(&mutex_);
  Row& row = rows_[job];
  if (row.tail == nullptr) row = {std::make_shared<JobTail>(), by_growth_.insert(by_growth_.begin(), job)};
  return row.tail;
}

void TailTable::Erase(JobKey job) {
  absl::MutexLock lock(&mutex_);
  const auto row = rows_.find(job);
  if (row == rows_.end()) return;
  bytes_ -= row->second.tail->Trim();
  by_growth_.erase(row->second.place);
  rows_.erase(row);
}

void TailTable::Grew(JobKey job, int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  const auto row = rows_.find(job);
  if (row == rows_.end()) return;
  bytes_ += bytes;
  by_growth_.splice(by_growth_.end(), by_growth_, row->second.place);
  // The job that just grew is spared.
  for (auto oldest = by_growth_.begin(); bytes_ > budget_ && *oldest != job; ++oldest) {
    bytes_ -= rows_[*oldest].tail->Trim();
  }
}

}  // namespace trainyard
