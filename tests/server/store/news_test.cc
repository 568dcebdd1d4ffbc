#include "server/store/news.h"

#include <atomic>
#include <memory>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

class Counter : public LogObserver {
 public:
  void OnNews(JobKey, int64_t) override {
    ++calls;
    if (!told.HasBeenNotified()) told.Notify();
  }
  std::atomic<int> calls = 0;
  absl::Notification told;
};

TEST(NewsTest, TellsNobodyOnceItIsStopped) {
  News news;
  const auto observer = std::make_shared<Counter>();
  news.Subscribe(1, observer);
  news.Publish(1, 1);
  observer->told.WaitForNotification();
  news.Stop();
  const int calls = observer->calls;
  news.Publish(1, 2);
  news.Stop();
  EXPECT_EQ(observer->calls, calls);
}

TEST(NewsTest, NewsFromBeforeASubscriptionAreNotTold) {
  const auto observer = std::make_shared<Counter>();
  const auto witness = std::make_shared<Counter>();
  News news;
  news.Publish(1, 1);
  news.Subscribe(1, observer);
  news.Subscribe(2, witness);
  news.Publish(2, 1);
  witness->told.WaitForNotification();
  EXPECT_EQ(observer->calls, 0);
}

TEST(NewsTest, OneObserverMayWatchSeveralJobs) {
  News news;
  const auto observer = std::make_shared<Counter>();
  for (const JobKey job : {1, 2, 3}) news.Subscribe(job, observer);
  EXPECT_EQ(observer.use_count(), 4);
  news.Unsubscribe(observer.get());
  news.Stop();
  EXPECT_EQ(observer.use_count(), 1);
}

}  // namespace
}  // namespace trainyard
