// Connections for reading: as many as read at once, kept for the next. Reads see committed state alone and never wait for the writer.

#ifndef TRAINYARD_SERVER_STORE_READ_POOL_H_
#define TRAINYARD_SERVER_STORE_READ_POOL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/store/database.h"

namespace trainyard {

// Thread-safe.
class ReadPool {
 public:
  // A connection for one read; goes back when it leaves its scope, which must come soon: a snapshot that stays open keeps the
  // write-ahead log from ending. Must not outlive the pool.
  class Lease {
   public:
    Lease(ReadPool* pool, std::unique_ptr<Connection> connection) : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    ~Lease() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    ReadPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  explicit ReadPool(std::string database_path) : database_path_(std::move(database_path)) {}

  absl::StatusOr<Lease> Take();

 private:
  void Return(std::unique_ptr<Connection> connection);

  const std::string database_path_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_READ_POOL_H_
