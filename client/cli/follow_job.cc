#include "client/cli/follow_job.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/cli/terminal.h"
#include "client/cli/watch_view.h"
#include "client/cpp/call_again.h"
#include "client/cpp/status_macros.h"
#include "client/cpp/watch.h"

namespace trainyard::cli {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr size_t kWaitingEvents = 10'000;

// Carries events from the thread that watches to the one that shows.
class Inbox {
 public:
  struct Content {
    std::vector<v1::Event> events;
    // What the connection did last, if anything: broke with this error, or came (back).
    std::string reconnecting;
    bool connected = false;
    bool closed = false;
    absl::Status status;
  };

  explicit Inbox(Interrupts& interrupts) : interrupts_(interrupts) {}

  // Waits while too many are not yet shown.
  void Add(const v1::Event& event) {
    {
      const absl::MutexLock lock(&mutex_, absl::Condition(this, &Inbox::HasRoom));
      content_.events.push_back(event);
    }
    interrupts_.Wake();
  }

  void SetReconnecting(const std::string& error) {
    const absl::MutexLock lock(&mutex_);
    content_.reconnecting = error;
    content_.connected = false;
  }

  void SetConnected() {
    const absl::MutexLock lock(&mutex_);
    content_.reconnecting.clear();
    content_.connected = true;
  }

  void Close(const absl::Status& status) {
    {
      const absl::MutexLock lock(&mutex_);
      content_.closed = true;
      content_.status = status;
    }
    interrupts_.Wake();
  }

  // Nothing will be taken any more: Add waits no longer.
  void Abandon() {
    const absl::MutexLock lock(&mutex_);
    abandoned_ = true;
  }

  Content Take() {
    const absl::MutexLock lock(&mutex_);
    Content taken = std::move(content_);
    content_ = {.events = {}, .reconnecting = "", .connected = false, .closed = taken.closed, .status = taken.status};
    return taken;
  }

 private:
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return abandoned_ || content_.events.size() < kWaitingEvents;
  }

  Interrupts& interrupts_;
  absl::Mutex mutex_;
  Content content_ ABSL_GUARDED_BY(mutex_);
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
};

v1::GetJobRequest RequestOf(const std::string& job) {
  v1::GetJobRequest request;
  request.set_name(job);
  return request;
}

// Asks for the job until its number of steps is known, once a second at most.
class StepCounter {
 public:
  StepCounter(client::Client& client, const v1::Job& job) : client_(client), job_(job) {}

  void Refresh(WatchView& view, absl::Time now) {
    if (job_.progress().total_steps() > 0 || now < next_) return;
    next_ = now + absl::Seconds(1);
    absl::StatusOr<v1::Job> job =
        client::Call(client_.jobs(), &v1::JobService::Stub::GetJob, RequestOf(job_.name()), absl::Milliseconds(500));
    if (!job.ok()) return;
    job_ = *std::move(job);
    view.SetJob(job_);
  }

 private:
  client::Client& client_;
  v1::Job job_;
  absl::Time next_ = absl::InfinitePast();
};

// Whether the watch came to its own end; false after an interrupt.
absl::StatusOr<bool> Show(Inbox& inbox, Interrupts& interrupts, WatchView& view, StepCounter& counter) {
  while (true) {
    if (interrupts.Wait(kTick)) return false;
    const Inbox::Content content = inbox.Take();
    if (!content.reconnecting.empty()) view.Reconnecting(content.reconnecting);
    if (content.connected) view.Connected();
    for (const v1::Event& event : content.events) RETURN_IF_ERROR(view.Apply(event));
    if (content.closed) {
      RETURN_IF_ERROR(content.status);
      return true;
    }
    counter.Refresh(view, absl::Now());
    view.Tick(absl::Now());
  }
}

client::WatchOptions Options(const std::string& job, int64_t from_sequence, const WatchView& view, Inbox& inbox) {
  client::WatchOptions options;
  v1::WatchTarget* target = options.request.add_targets();
  target->set_job(job);
  target->set_from_sequence(from_sequence);
  if (view.MaxStepsPerSecond() > 0) options.request.set_max_steps_per_second(view.MaxStepsPerSecond());
  options.connected = [&inbox] { inbox.SetConnected(); };
  options.reconnecting = [&inbox](const absl::Status& error) { inbox.SetReconnecting(std::string(error.message())); };
  return options;
}

absl::StatusOr<bool> WatchAndShow(client::Client& client, const v1::Job& job, int64_t from_sequence, WatchView& view,
                                  Interrupts& interrupts) {
  Inbox inbox(interrupts);
  client::JobWatch watch(client, Options(job.name(), from_sequence, view, inbox));
  std::thread watcher([&] {
    inbox.Close(watch.Run([&](const v1::Event& event) {
      inbox.Add(event);
      return client::JobWatch::Next::kContinue;
    }));
  });
  StepCounter counter(client, job);
  absl::StatusOr<bool> ended = Show(inbox, interrupts, view, counter);
  inbox.Abandon();
  watch.Cancel();
  watcher.join();
  return ended;
}

// The job when its watch has ended. A server that starts anew just then is waited for.
absl::StatusOr<v1::Job> GetEnded(client::Client& client, const std::string& name, Interrupts& interrupts) {
  const auto wait = [&interrupts](absl::Duration delay) { return !interrupts.Wait(delay); };
  return client::CallAgain(client, client.jobs(), &v1::JobService::Stub::GetJob, RequestOf(name), absl::Minutes(1),
                           {.reconnect = absl::Seconds(1), .wait = wait});
}

}  // namespace

absl::Status FollowJob(Session& session, client::Client& client, const std::string& job, int64_t from_sequence) {
  ASSIGN_OR_RETURN(const v1::Job first, client::Call(client.jobs(), &v1::JobService::Stub::GetJob, RequestOf(job)));
  Interrupts interrupts;
  std::unique_ptr<WatchView> view = MakeWatchView(session, first);
  ASSIGN_OR_RETURN(const bool ended, WatchAndShow(client, first, from_sequence, *view, interrupts));
  if (!ended) {
    view.reset();
    session.console.err << job << " goes on.\n  To see it again: trainyard job watch " << job
                        << "\n  To end it: trainyard job cancel " << job << std::endl;
    session.exit_code = kInterrupted;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const v1::Job last, GetEnded(client, job, interrupts));
  if (last.state() != v1::STATE_SUCCEEDED) session.exit_code = kJobFailed;
  return view->Finish(last);
}

}  // namespace trainyard::cli
