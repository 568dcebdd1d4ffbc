#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

// The news of an observer, as text.
class Observer : public LogObserver {
 public:
  void OnNews(JobKey job, int64_t newest) override {
    std::unique_lock lock(mutex_);
    ++calls_;
    newest_[job] = newest;
    changed_.notify_all();
    may_return_.wait(lock, [this] { return !held_; });
  }
  void AwaitNewest(JobKey job, int64_t newest) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return newest_.contains(job) && newest_[job] == newest; });
  }
  void Hold() { Set(true); }
  void Release() { Set(false); }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  void Set(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    may_return_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable may_return_;
  std::map<JobKey, int64_t> newest_;
  int calls_ = 0;
  bool held_ = false;
};

TEST_F(EventLogTest, AnObserverIsToldOfItsJob) {
  const auto observer = std::make_shared<Observer>();
  log_->Subscribe(kJob, observer);
  AppendSteps(3);
  observer->AwaitNewest(kJob, 3);
}

TEST_F(EventLogTest, AnObserverOfAllJobsIsToldOfEach) {
  const auto observer = std::make_shared<Observer>();
  log_->Subscribe(std::nullopt, observer);
  ASSERT_TRUE(log_->Load(8).ok());
  log_->Append(kJob, Step(0));
  log_->Append(8, Step(0));
  observer->AwaitNewest(kJob, 1);
  observer->AwaitNewest(8, 1);
}

TEST_F(EventLogTest, AnObserverIsNotToldOfOtherJobs) {
  const auto observer = std::make_shared<Observer>();
  const auto witness = std::make_shared<Observer>();
  log_->Subscribe(8, observer);
  log_->Subscribe(kJob, witness);
  AppendSteps(3);
  witness->AwaitNewest(kJob, 3);
  EXPECT_EQ(observer->calls(), 0);
}

TEST_F(EventLogTest, WhatIsToldCanBeRead) {
  class Reader : public LogObserver {
   public:
    explicit Reader(EventLog& log) : log_(log) {}
    void OnNews(JobKey job, int64_t newest) override {
      if (log_.ReadFromMemory(job, 1, 0).value().value().newest < newest) ++early_;
      if (newest == 100) done_.Notify();
    }
    EventLog& log_;
    std::atomic<int> early_ = 0;
    absl::Notification done_;
  };
  const auto reader = std::make_shared<Reader>(*log_);
  log_->Subscribe(kJob, reader);
  AppendSteps(100);
  reader->done_.WaitForNotification();
  EXPECT_EQ(reader->early_, 0);
}

TEST_F(EventLogTest, ABusyObserverIsToldOfTheLastOnlyAndNeverSlowsTheWriter) {
  const auto observer = std::make_shared<Observer>();
  observer->Hold();
  log_->Subscribe(kJob, observer);
  AppendSteps(1);
  observer->AwaitNewest(kJob, 1);
  AppendSteps(500);  // returns although the observer does not
  observer->Release();
  observer->AwaitNewest(kJob, 501);
  EXPECT_EQ(observer->calls(), 2);
}

TEST_F(EventLogTest, AfterUnsubscribingAtMostOneCallComes) {
  const auto observer = std::make_shared<Observer>();
  const auto witness = std::make_shared<Observer>();
  log_->Subscribe(kJob, observer);
  log_->Subscribe(std::nullopt, observer);
  log_->Subscribe(kJob, witness);
  log_->Unsubscribe(observer.get());
  AppendSteps(1);
  witness->AwaitNewest(kJob, 1);
  EXPECT_LE(observer->calls(), 1);
  EXPECT_EQ(observer.use_count(), 1);
}

TEST_F(EventLogTest, ForgettingTellsObserversOfNumberZero) {
  const auto observer = std::make_shared<Observer>();
  AppendSteps(2);
  log_->Subscribe(kJob, observer);
  log_->Forget(kJob);
  observer->AwaitNewest(kJob, 0);
}

TEST_F(EventLogTest, AForgottenJobIsReadAnew) {
  AppendSteps(2);
  ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM events"); }).ok());
  log_->Forget(kJob);
  EXPECT_FALSE(log_->ReadFromMemory(kJob, 1, 1).value().has_value());
  EXPECT_EQ(log_->Read(kJob, 1, 1).value().newest, 0);
}

}  // namespace
}  // namespace trainyard
