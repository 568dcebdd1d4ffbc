// What was told to be committed survives `kill -9`: lives of a process that appends events and reports each one, killed at arbitrary
// moments. A control reports events before they are committed, and must be found out by the same check.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

constexpr int kJobs = 5;
constexpr int kAhead = 200;  // events that a life has queued at most

struct Report {
  int64_t job;
  int64_t sequence;
  uint64_t hash;
};

uint64_t Hash(std::string_view bytes) {
  uint64_t hash = 14695981039346656037u;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

// Of what the caller decides; number and time, which the log sets, are its own.
uint64_t HashOf(const v1::Event& event) { return Hash(event.warning().message()); }

using Life = void (*)(EventLog& log, int to_parent, std::mt19937& random);

void Tell(int to_parent, int64_t job, int64_t sequence, uint64_t hash) {
  const Report report{job, sequence, hash};
  if (write(to_parent, &report, sizeof(report)) != sizeof(report)) _exit(2);
}

v1::Event RandomEvent(std::mt19937& random) {
  v1::Event event;
  event.mutable_warning()->set_message(absl::StrCat(random(), std::string(random() % 2000, 'a' + random() % 26)));
  return event;
}

void ReportAfterCommit(EventLog& log, int to_parent, std::mt19937& random) {
  const auto queued = std::make_shared<std::atomic<int>>(0);
  while (true) {
    while (*queued >= kAhead) std::this_thread::yield();
    ++*queued;
    const JobKey job = 1 + random() % kJobs;
    const v1::Event event = RandomEvent(random);
    const auto sequence = std::make_shared<std::atomic<int64_t>>(0);
    *sequence = log.Append(job, event, nullptr, [=, hash = HashOf(event)](const absl::Status& status) {
      while (*sequence == 0) std::this_thread::yield();  // Append has not returned yet
      Tell(to_parent, job, *sequence, status.ok() ? hash : 0);
      --*queued;
    });
  }
}

void ReportBeforeCommit(EventLog& log, int to_parent, std::mt19937& random) {
  while (true) {
    const JobKey job = 1 + random() % kJobs;
    const v1::Event event = RandomEvent(random);
    Tell(to_parent, job, log.Append(job, event), HashOf(event));
  }
}

// Lives, dies, and compares what was told in all lives with what is there.
class Lives {
 public:
  explicit Lives(Life life) : life_(life) {}

  void LiveAndDie() {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const uint32_t seed = random_();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      Live(ends[1], seed);
    }
    close(ends[1]);
    const int reports_before_death = 1 + static_cast<int>(random_() % 1000);
    for (int i = 0; i < reports_before_death; ++i) ASSERT_TRUE(Receive(ends[0]));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (Receive(ends[0])) {
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }

  // Events told that are not there, or are others; and gaps in the numbers.
  int CountFaults() {
    const std::unique_ptr<CommitQueue> queue = CommitQueue::Open(folder_.Database()).value();
    const EventLog log(folder_.Database(), *queue);
    int faults = 0;
    std::map<int64_t, int64_t> newest;
    for (JobKey job = 1; job <= kJobs; ++job) {
      newest[job] = log.Read(job, 1, 0).value().newest;
      for (int64_t next = 1; next <= newest[job]; ++next) {
        const LogPage page = log.Read(job, next, 1000).value();
        for (const LogEntry& entry : page.entries) faults += Check(job, entry);
        next = page.entries.back().sequence;
      }
    }
    for (const auto& [event, hash] : told_) faults += event.second > newest[event.first] ? 1 : 0;
    return faults;
  }

  size_t told() const { return told_.size(); }

 private:
  [[noreturn]] void Live(int to_parent, uint32_t seed) {
    std::mt19937 random(seed);
    const std::unique_ptr<CommitQueue> queue = CommitQueue::Open(folder_.Database()).value();
    EventLog log(folder_.Database(), *queue);
    for (JobKey job = 1; job <= kJobs; ++job) {
      if (!log.Load(job).ok()) _exit(1);
    }
    life_(log, to_parent, random);
    _exit(0);
  }

  bool Receive(int from_child) {
    Report report;
    if (read(from_child, &report, sizeof(report)) != sizeof(report)) return false;
    // The same number told twice with another content is a fault that Check finds: the first one counts.
    told_.try_emplace({report.job, report.sequence}, report.hash);
    return true;
  }

  int Check(JobKey job, const LogEntry& entry) {
    v1::Event event;
    if (!event.ParseFromString(*entry.event) || event.sequence() != entry.sequence) return 1;
    const auto told = told_.find({job, entry.sequence});
    return told != told_.end() && told->second != HashOf(event) ? 1 : 0;
  }

  const Life life_;
  TemporaryFolder folder_;
  std::mt19937 random_{1};
  std::map<std::pair<int64_t, int64_t>, uint64_t> told_;  // hash by job and number
};

TEST(CrashTest, NothingThatWasToldIsLostOrAlteredAndNoNumberIsMissing) {
  Lives lives(ReportAfterCommit);
  for (int life = 0; life < 20; ++life) {
    lives.LiveAndDie();
    ASSERT_EQ(lives.CountFaults(), 0) << "after life " << life;
  }
  EXPECT_GT(lives.told(), 1000);
}

TEST(CrashTest, TellingBeforeTheCommitIsFoundOut) {
  Lives lives(ReportBeforeCommit);
  int faults = 0;
  for (int life = 0; life < 100 && faults == 0; ++life) {
    lives.LiveAndDie();
    faults = lives.CountFaults();
  }
  EXPECT_GT(faults, 0);
}

}  // namespace
}  // namespace trainyard
