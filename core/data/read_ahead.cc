#include "core/data/read_ahead.h"

#include <utility>

namespace trainyard {

ReadAhead::ReadAhead(std::shared_ptr<const Dataset> dataset)
    : dataset_(std::move(dataset)), thread_([this] { Work(); }) {}

ReadAhead::~ReadAhead() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

void ReadAhead::Ask(int64_t begin, int64_t end) {
  absl::MutexLock lock(&mutex_);
  asked_ = Rows{begin, end};
}

void ReadAhead::Work() {
  const auto told = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || asked_.has_value(); };
  for (;;) {
    std::optional<Rows> rows;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&told));
      if (closed_) return;
      rows = std::exchange(asked_, std::nullopt);
    }
    dataset_->Load(rows->begin, rows->end);
  }
}

}  // namespace trainyard
