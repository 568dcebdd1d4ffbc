#include "server/store/read_pool.h"

#include "core/base/status.h"

namespace trainyard {

absl::StatusOr<ReadPool::Lease> ReadPool::Take() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(this, std::move(connection));
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(database_path_));
  return Lease(this, std::move(connection));
}

void ReadPool::Return(std::unique_ptr<Connection> connection) {
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace trainyard
