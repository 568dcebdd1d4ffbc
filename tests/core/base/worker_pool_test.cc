#include "core/base/worker_pool.h"

#include <atomic>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(WorkerPoolTest, RunsAllThatWasSubmittedBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 1000; ++i) pool.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerPoolTest, ABlockedTaskLeavesTheOtherThreadsFree) {
  WorkerPool pool(2);
  absl::Notification release;
  absl::Notification done;
  pool.Submit([&release] { release.WaitForNotification(); });
  pool.Submit([&done] { done.Notify(); });
  done.WaitForNotification();
  release.Notify();
}

}  // namespace
}  // namespace trainyard
