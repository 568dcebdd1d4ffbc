#include "server/run/scheduler.h"

#include <atomic>
#include <functional>

#include "absl/synchronization/notification.h"
#include "core/base/crew.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

// Runs a function for each slice.
class Work final : public Sliced {
 public:
  explicit Work(std::function<Then(int)> slice) : slice_(std::move(slice)) {}
  Then RunSlice(absl::Duration) override { return slice_(count_++); }

 private:
  const std::function<Then(int)> slice_;
  int count_ = 0;
};

using Then = Sliced::Then;

// Holds the only worker until everything is added, so that the order is the scheduler's alone.
class Gate {
 public:
  explicit Gate(Scheduler& scheduler) {
    scheduler.Add(std::make_shared<Work>([state = state_](int) {
                    state->begun.Notify();
                    state->open.WaitForNotification();
                    return Then::kDone;
                  }),
                  1000);
    state_->begun.WaitForNotification();
  }
  void Open() { state_->open.Notify(); }

 private:
  struct State {
    absl::Notification begun;
    absl::Notification open;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();  // the worker may still hold it at the end
};

// Makes work that writes its name at each slice and ends after `slices` of them. To be declared before the scheduler, whose workers write.
struct Diary {
  absl::Mutex mutex;
  std::vector<std::string> lines;
  std::atomic<int> open = 0;

  std::shared_ptr<Work> Make(std::string name, int slices) {
    ++open;
    return std::make_shared<Work>([this, name, slices](int slice) {
      absl::MutexLock lock(&mutex);
      lines.push_back(name);
      if (slice + 1 < slices) return Then::kReady;
      --open;
      return Then::kDone;
    });
  }
  void AwaitEnd() {
    absl::MutexLock lock(&mutex);
    const auto ended = [this] { return open == 0; };
    mutex.Await(absl::Condition(&ended));
  }
};

TEST(SchedulerTest, HigherPriorityGoesFirst) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  scheduler.Add(diary.Make("low", 2), 0);
  scheduler.Add(diary.Make("high", 2), 1);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("high", "high", "low", "low"));
}

TEST(SchedulerTest, APriorityThatChangesHoldsFromTheNextSliceOn) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  const std::shared_ptr<Work> work = diary.Make("raised", 1);
  scheduler.Add(diary.Make("high", 2), 1);
  scheduler.Add(work, 0);
  scheduler.SetPriority(work.get(), 2);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("raised", "high", "high"));
}

TEST(SchedulerTest, AHigherPriorityThatComesLaterTakesTheWorkerAtTheEndOfTheSlice) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  ++diary.open;
  scheduler.Add(std::make_shared<Work>([&](int slice) {
                  absl::MutexLock lock(&diary.mutex);
                  diary.lines.push_back("low");
                  if (slice == 0) scheduler.Add(diary.Make("high", 3), 1);
                  if (slice == 0) return Then::kReady;
                  --diary.open;
                  return Then::kDone;
                }),
                0);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("low", "high", "high", "high", "low"));
}

TEST(SchedulerTest, OfThoseThatNeverHadASliceTheOldestGoesFirst) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  for (const char* name : {"first", "second", "third"}) scheduler.Add(diary.Make(name, 1), 0);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("first", "second", "third"));
}

TEST(SchedulerTest, WhatIsHastenedGoesBeforeAllOthersOnce) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  scheduler.Add(diary.Make("high", 2), 2);
  const std::shared_ptr<Work> low = diary.Make("low", 2);
  scheduler.Add(low, 0);
  scheduler.Add(diary.Make("middle", 1), 1);
  scheduler.Hasten(low.get());
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("low", "high", "high", "middle", "low"));
}

TEST(SchedulerTest, WhatIsHastenedDuringItsSliceHasTheNextAsWell) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  ++diary.open;
  std::shared_ptr<Work> low;
  low = std::make_shared<Work>([&](int slice) {
    absl::MutexLock lock(&diary.mutex);
    diary.lines.push_back("low");
    if (slice == 0) {
      scheduler.Add(diary.Make("high", 1), 1);
      scheduler.Hasten(low.get());
      return Then::kWait;
    }
    --diary.open;
    return Then::kDone;
  });
  scheduler.Add(low, 0);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("low", "low", "high"));
}

TEST(SchedulerTest, WhatNeverHadASliceGoesBeforeItsEquals) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  scheduler.Add(diary.Make("a", 1), 0);
  ++diary.open;
  scheduler.Add(std::make_shared<Work>([&](int slice) {
                  absl::MutexLock lock(&diary.mutex);
                  diary.lines.push_back("old");
                  if (slice == 0) scheduler.Add(diary.Make("new", 1), 0);
                  if (slice > 0) --diary.open;
                  return slice == 0 ? Then::kReady : Then::kDone;
                }),
                0);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("a", "old", "new", "old"));
}

TEST(SchedulerTest, EqualsShareTheWorkerByTheTimeTheyUse) {
  absl::Time now = absl::UnixEpoch();  // moved by the slices, read by the only worker
  Scheduler scheduler(1, absl::Milliseconds(2), [&now] { return now; });
  int heavy = 0;
  int light = 0;
  int heavy_meanwhile = 0;
  absl::Notification done;
  Gate gate(scheduler);
  scheduler.Add(std::make_shared<Work>([&](int) {
                  now += absl::Milliseconds(10);
                  ++heavy;
                  return Then::kReady;
                }),
                0);
  scheduler.Add(std::make_shared<Work>([&](int slice) {
                  now += absl::Milliseconds(1);
                  ++light;
                  if (slice < 999) return Then::kReady;
                  heavy_meanwhile = heavy;
                  done.Notify();
                  return Then::kDone;
                }),
                0);
  gate.Open();
  done.WaitForNotification();
  scheduler.Stop();
  EXPECT_EQ(light, 1000);
  EXPECT_NEAR(heavy_meanwhile, 100, 2);
}

TEST(SchedulerTest, WhatComesBackAfterAWaitGetsNothingForThePast) {
  absl::Time now = absl::UnixEpoch();
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2), [&now] { return now; });
  Gate gate(scheduler);
  ++diary.open;
  std::shared_ptr<Work> sleeper;
  sleeper = std::make_shared<Work>([&](int slice) {
    now += absl::Milliseconds(1);
    absl::MutexLock lock(&diary.mutex);
    diary.lines.push_back("sleeper");
    if (slice == 0) return Then::kWait;
    if (slice < 20) return Then::kReady;
    --diary.open;
    return Then::kDone;
  });
  scheduler.Add(sleeper, 0);
  ++diary.open;
  scheduler.Add(std::make_shared<Work>([&](int slice) {
                  now += absl::Milliseconds(1);
                  if (slice == 100) scheduler.Wake(sleeper.get());
                  absl::MutexLock lock(&diary.mutex);
                  if (slice >= 100) diary.lines.push_back("other");
                  if (slice < 120) return Then::kReady;
                  --diary.open;
                  return Then::kDone;
                }),
                0);
  gate.Open();
  diary.AwaitEnd();
  // From the wake on they take turns: neither has two slices in a row more often than at the join.
  int repeated = 0;
  for (size_t i = 2; i + 1 < diary.lines.size(); ++i) repeated += diary.lines[i] == diary.lines[i - 1] ? 1 : 0;
  EXPECT_LE(repeated, 3);
}

void ExpectToWake(void (Scheduler::*wake)(const Sliced*)) {
  Scheduler scheduler(2, absl::Milliseconds(2));
  absl::Notification waits;
  absl::Notification woken;
  const auto work = std::make_shared<Work>([&](int slice) {
    (slice == 0 ? waits : woken).Notify();
    return slice == 0 ? Then::kWait : Then::kDone;
  });
  scheduler.Add(work, 0);
  waits.WaitForNotification();
  (scheduler.*wake)(work.get());
  woken.WaitForNotification();
}

TEST(SchedulerTest, WhatWaitsHasAnotherSliceWhenItIsWokenOrHastened) {
  ExpectToWake(&Scheduler::Wake);
  ExpectToWake(&Scheduler::Hasten);
}

TEST(SchedulerTest, AWakeOfWhatIsReadyOrDoneDoesNothing) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  const std::shared_ptr<Work> work = diary.Make("once", 1);
  {
    Gate gate(scheduler);
    scheduler.Add(work, 0);
    scheduler.Wake(work.get());
    gate.Open();
  }
  diary.AwaitEnd();
  Gate gate(scheduler);
  scheduler.Wake(work.get());
  scheduler.Add(diary.Make("next", 1), 0);
  gate.Open();
  diary.AwaitEnd();
  EXPECT_THAT(diary.lines, ElementsAre("once", "next"));
}

TEST(SchedulerTest, ItIsContendedWhileSomethingWaitsForAWorker) {
  Diary diary;
  Scheduler scheduler(1, absl::Milliseconds(2));
  Gate gate(scheduler);
  EXPECT_FALSE(scheduler.Contended());
  scheduler.Add(diary.Make("waits", 1), 0);
  EXPECT_TRUE(scheduler.Contended());
  gate.Open();
  diary.AwaitEnd();
  Gate second(scheduler);
  EXPECT_FALSE(scheduler.Contended());
  second.Open();
}

TEST(SchedulerTest, AWakeDuringTheSliceThatEndsInAWaitIsNotLost) {
  Scheduler scheduler(1, absl::Milliseconds(2));
  absl::Notification second;
  std::shared_ptr<Work> work;
  work = std::make_shared<Work>([&](int slice) {
    if (slice == 0) {
      scheduler.Wake(work.get());
      return Then::kWait;
    }
    second.Notify();
    return Then::kDone;
  });
  scheduler.Add(work, 0);
  second.WaitForNotification();
}

TEST(SchedulerTest, OneWorkerAtATimeHasAPieceOfWork) {
  Scheduler scheduler(4, absl::Milliseconds(2));
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  absl::Notification done;
  std::shared_ptr<Work> work;
  work = std::make_shared<Work>([&](int slice) {
    if (++inside > 1) overlapped = true;
    scheduler.Wake(work.get());
    --inside;
    if (slice < 1000) return slice % 2 == 0 ? Then::kWait : Then::kReady;
    done.Notify();
    return Then::kDone;
  });
  scheduler.Add(work, 0);
  done.WaitForNotification();
  EXPECT_FALSE(overlapped);
}

TEST(SchedulerTest, StopLetsTheSliceUnderWayEndAndBeginsNoOther) {
  Scheduler scheduler(1, absl::Milliseconds(2));
  std::atomic<int> slices = 0;
  absl::Notification begun;
  scheduler.Add(std::make_shared<Work>([&](int slice) {
                  if (slice == 0) begun.Notify();
                  ++slices;
                  return Then::kReady;
                }),
                0);
  begun.WaitForNotification();
  scheduler.Stop();
  const int at_stop = slices;
  EXPECT_GT(at_stop, 0);
  EXPECT_EQ(slices, at_stop);
}

TEST(SchedulerTest, AnIdleWorkerHelpsACrewThatCalls) {
  Scheduler scheduler(2, absl::Milliseconds(2));
  absl::Notification done;
  std::shared_ptr<Crew> crew;
  crew = std::make_shared<Crew>(1, [&] { scheduler.CallHelp(crew); });
  scheduler.Add(std::make_shared<Work>([&](int) {
                  std::atomic<bool> helped = false;
                  // Until a helper came: the owner's part lasts as long.
                  while (!helped) {
                    crew->ForEach(2, [&](int64_t, int member) { helped = helped || member == 1; });
                  }
                  done.Notify();
                  return Then::kDone;
                }),
                0);
  done.WaitForNotification();
}

TEST(SchedulerTest, AHelperGoesBackWhenSomethingIsReady) {
  Scheduler scheduler(2, absl::Milliseconds(2));
  absl::Notification other_began;
  absl::Notification done;
  std::shared_ptr<Crew> crew;
  crew = std::make_shared<Crew>(1, [&] { scheduler.CallHelp(crew); });
  scheduler.Add(std::make_shared<Work>([&](int) {
                  bool added = false;
                  while (!other_began.HasBeenNotified()) {
                    std::atomic<bool> helped = false;
                    crew->ForEach(64, [&](int64_t, int member) { helped = helped || member == 1; });
                    if (!helped || added) continue;
                    added = true;
                    scheduler.Add(std::make_shared<Work>([&](int) {
                                    other_began.Notify();
                                    return Then::kDone;
                                  }),
                                  0);
                  }
                  done.Notify();
                  return Then::kDone;
                }),
                0);
  done.WaitForNotification();
}

}  // namespace
}  // namespace trainyard
