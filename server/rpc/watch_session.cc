#include "server/rpc/watch_session.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/rpc/reply.h"
#include "server/rpc/watch_message.h"
#include "server/run/names.h"
#include "server/store/filter.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr std::string_view kAllJobs = "jobs/-";
constexpr std::string_view kFilterFields[] = {"labels", "display_name", "dataset", "create_time"};
constexpr int kMaxTargets = 10'000;
constexpr int kBatch = 64;
constexpr absl::Duration kDefaultHeartbeat = absl::Seconds(10);
constexpr int64_t kLagEvents = 250;
constexpr absl::Duration kBetweenLags = absl::Seconds(1);

// So long may a message be on its way to a watcher that is admitted no more, before it learns why.
constexpr absl::Duration kLastWrite = absl::Seconds(2);

}  // namespace

WatchSession::WatchSession(const WatchServices& services, Admission admission, v1::WatchRequest request, Stream* stream)
    : services_(services),
      admission_(std::move(admission)),
      request_(std::move(request)),
      stream_(stream),
      last_write_(absl::Now()) {}

void WatchSession::Start() {
  services_.pool.Submit([self = shared_from_this()] {
    const absl::Status status = self->admission_.status().ok() ? self->FindJobs() : self->admission_.status();
    self->admission_.Record(status);
    absl::MutexLock lock(&self->mutex_);
    self->started_ = true;
    if (!status.ok()) return self->Finish(status);
    self->Proceed();
  });
}

absl::Status WatchSession::FindJobs() {
  ASSIGN_OR_RETURN(choice_, ReadChoice(request_));
  heartbeat_interval_ = kDefaultHeartbeat;
  if (request_.has_heartbeat_interval()) {
    ASSIGN_OR_RETURN(heartbeat_interval_, FromProto(request_.heartbeat_interval(), "heartbeat_interval"));
    if (heartbeat_interval_ < absl::Seconds(1)) {
      return FieldError("heartbeat_interval", absl::FormatDuration(heartbeat_interval_), "at least 1s");
    }
  }
  if (request_.targets().empty() || request_.targets_size() > kMaxTargets) {
    return FieldError("targets", absl::StrCat(request_.targets_size(), " targets"), absl::StrCat("1 to ", kMaxTargets));
  }
  RETURN_IF_ERROR(services_.table.Add(shared_from_this(), admission_.caller()));
  std::map<std::string_view, const v1::WatchTarget*> named;
  for (int i = 0; i < request_.targets_size(); ++i) {
    const v1::WatchTarget& target = request_.targets(i);
    const auto [former, is_new] = named.emplace(target.job(), &target);
    if (!is_new && MessageDifferencer::Equals(*former->second, target)) continue;
    const absl::Status status = !is_new ? FieldError("job", target.job(), "named once, or each time alike")
                                : target.job() == kAllJobs ? FindMatching(target)
                                                           : FindNamed(target);
    RETURN_IF_ERROR(InField(absl::StrCat("targets[", i, "]"), status));
  }
  return absl::OkStatus();
}

absl::Status WatchSession::FindNamed(const v1::WatchTarget& target) {
  if (!target.filter().empty()) return FieldError("filter", target.filter(), "left out with a named job");
  ASSIGN_OR_RETURN(const JobKey job, services_.jobs.FindKey(target.job(), "job"));
  const int64_t from = target.has_from_sequence() ? target.from_sequence() : 1;
  services_.log.Subscribe(job, shared_from_this());
  ASSIGN_OR_RETURN(const LogPage page, Read(job, target.job(), from, 1));
  absl::MutexLock lock(&mutex_);
  if (page.ended && from > page.newest) {
    ended_.insert(job);  // nothing will come
  } else {
    Follow(job, Cursor{.job = target.job(), .next = from, .newest = page.newest, .view = WatchView(choice_)});
  }
  return absl::OkStatus();
}

absl::Status WatchSession::FindMatching(const v1::WatchTarget& target) {
  ASSIGN_OR_RETURN(filter_, ParseFilter(target.filter(), kFilterFields));
  const int64_t from = target.has_from_sequence() ? target.from_sequence() : 1;
  if (from < 1) return FieldError("from_sequence", from, "at least 1");
  {
    absl::MutexLock lock(&mutex_);
    wildcard_from_ = from;
  }
  // Jobs created from here on come as news.
  services_.log.Subscribe(std::nullopt, shared_from_this());
  ASSIGN_OR_RETURN(const std::vector<StoredJob> jobs, services_.jobs.Matching(filter_));
  for (const StoredJob& stored : jobs) {
    const absl::Status status = FindMatch(stored.job.name(), from);
    if (!absl::IsNotFound(status)) RETURN_IF_ERROR(status);  // it may have been deleted meanwhile
  }
  return absl::OkStatus();
}

absl::Status WatchSession::FindMatch(const std::string& name, int64_t from) {
  ASSIGN_OR_RETURN(const JobKey job, services_.jobs.FindKey(name, "job"));
  ASSIGN_OR_RETURN(const LogPage page, Read(job, name, 1, 1));
  absl::MutexLock lock(&mutex_);
  if (page.ended && from > page.newest) {
    ended_.insert(job);
  } else {
    Follow(job, Cursor{.job = name, .next = from, .newest = page.newest, .view = WatchView(choice_)});
  }
  return absl::OkStatus();
}

// The log of a job that is gone reads as an empty one.
absl::StatusOr<LogPage> WatchSession::Read(JobKey job, const std::string& name, int64_t from, int limit) const {
  absl::StatusOr<LogPage> page = services_.log.Read(job, from, limit);
  if (page.ok() && page->newest > 0) return page;
  RETURN_IF_ERROR(services_.jobs.FindKey(name, "job").status());
  return page;
}

// A job that this stream did not know: its first event names it.
void WatchSession::ConsiderNew(JobKey job) {
  const absl::StatusOr<LogPage> page = services_.log.Read(job, 1, 1);
  v1::Event first;
  const bool is_there = page.ok() && !page->entries.empty() && first.ParseFromString(*page->entries.front().event);
  const bool wanted = is_there && IsWanted(first);
  absl::MutexLock lock(&mutex_);
  const auto considered = considered_.extract(job);
  if (!is_there) return;
  if (!wanted) {
    ended_.insert(job);
    return;
  }
  Follow(job, Cursor{.job = first.job(),
                     .next = *wildcard_from_,
                     .newest = considered.empty() ? page->newest : std::max(page->newest, considered.mapped()),
                     .view = WatchView(choice_)});
  Proceed();
}

bool WatchSession::IsWanted(const v1::Event& first) const {
  if (filter_.comparisons.empty()) return true;
  const absl::StatusOr<v1::Job> job = services_.jobs.Get(first.job());
  return job.ok() && Matches(filter_, *job);
}

void WatchSession::Follow(JobKey job, Cursor cursor) {
  if (ended_.contains(job)) return;
  const int64_t newest = cursor.newest;
  Cursor& followed = cursors_.try_emplace(job, std::move(cursor)).first->second;
  followed.newest = std::max(followed.newest, newest);
  pending_.insert(job);
}

void WatchSession::OnNews(JobKey job, int64_t newest) {
  absl::MutexLock lock(&mutex_);
  if (finished_) return;
  const auto found = cursors_.find(job);
  if (found == cursors_.end()) {
    if (newest == 0) ended_.erase(job);  // its key never comes again
    if (!wildcard_from_.has_value() || newest == 0 || ended_.contains(job)) return;
    const auto [considered, is_new] = considered_.try_emplace(job, newest);
    considered->second = std::max(considered->second, newest);
    if (is_new) services_.pool.Submit([self = shared_from_this(), job] { self->ConsiderNew(job); });
    return;
  }
  pending_.insert(job);
  if (newest == 0) {
    found->second.gone = true;
  } else {
    found->second.newest = std::max(found->second.newest, newest);
  }
  Proceed();
}

void WatchSession::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) cancelled_ = true;
  Proceed();
}

void WatchSession::OnCancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  Proceed();
}

void WatchSession::OnDone() {
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
    finished_ = true;
  }
  services_.log.Unsubscribe(this);
  services_.table.Remove(shared_from_this());
}

void WatchSession::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  Proceed();
}

void WatchSession::Tick(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (admitted_.ok()) admitted_ = admission_.StillHolds();
  if (!admitted_.ok()) {
    if (writing_ && !finished_ && stream_ != nullptr && now - last_write_ >= kLastWrite) stream_->Cancel();
    return Proceed();
  }
  if (!started_ || writing_ || reading_ || finished_) return;
  if (now - last_write_ >= heartbeat_interval_) Beat();
}

int64_t WatchSession::Lag() const {
  absl::MutexLock lock(&mutex_);
  int64_t lag = 0;
  for (const auto& [job, cursor] : cursors_) lag += std::max<int64_t>(cursor.newest - cursor.next + 1, 0);
  return lag;
}

void WatchSession::Proceed() {
  if (!started_ || writing_ || finished_) return;
  if (cancelled_) return Finish(absl::CancelledError("the watcher has gone"));
  if (!admitted_.ok()) return Finish(admitted_);
  if (draining_) {
    std::map<std::string, std::string> resume;
    for (const auto& [key, cursor] : cursors_) {
      resume[cursor.job] = absl::StrCat(std::min(cursor.next, cursor.newest + 1));
    }
    return Finish(
        WithReason(absl::UnavailableError("the server is about to stop; watch again, each job from the number "
                                          "after the last that came"),
                   "DRAINING", resume));
  }
  if (reading_) return;

  // The jobs in turn, from the one after the last that was served.
  while (!pending_.empty()) {
    auto next = pending_.upper_bound(last_served_);
    if (next == pending_.end()) next = pending_.begin();
    const JobKey job = *next;
    const auto found = cursors_.find(job);
    if (found != cursors_.end() && ProceedWith(job, found->second)) return;
    pending_.erase(job);
  }
  if (cursors_.empty() && !wildcard_from_.has_value()) return Finish(absl::OkStatus());
  if (!caught_up_) {
    caught_up_ = true;
    Beat();
  }
}

// Whether the stream is busy with this job now, or finished.
bool WatchSession::ProceedWith(JobKey job, Cursor& cursor) {
  if (cursor.gone) {
    if (wildcard_from_.has_value()) {
      cursors_.erase(job);
      return false;
    }
    Finish(NoSuch("job", cursor.job));
    return true;
  }
  if (cursor.next > cursor.newest && cursor.newest > 0) {
    if (cursor.next != wildcard_from_ || !EndsBefore(job, cursor)) return false;
    ended_.insert(job);
    cursors_.erase(job);
    return false;
  }
  if (const std::optional<ReadPage> ahead = std::exchange(ahead_, std::nullopt);
      ahead.has_value() && ahead->job == job && ahead->from == cursor.next) {
    DeliverFromDisk(job, cursor, ahead->page);
    return true;
  }
  absl::StatusOr<std::optional<LogPage>> page = services_.log.ReadFromMemory(job, cursor.next, kBatch);
  // Why it can't be read is for the other threads to find out.
  if (!page.ok() || !page->has_value()) {
    ReadFromDisk(job, cursor);
    return true;
  }
  if ((*page)->entries.empty()) return false;
  Deliver(job, cursor, **page);
  return true;
}

// Of a job that has no event as far as the cursor: whether none will come.
bool WatchSession::EndsBefore(JobKey job, const Cursor& cursor) const {
  const absl::StatusOr<std::optional<LogPage>> page = services_.log.ReadFromMemory(job, cursor.newest + 1, 0);
  return page.ok() && page->has_value() && (*page)->ended && (*page)->newest < cursor.next;
}

void WatchSession::ReadFromDisk(JobKey job, const Cursor& cursor) {
  reading_ = true;
  services_.pool.Submit([self = shared_from_this(), job, name = cursor.job, from = cursor.next] {
    absl::StatusOr<LogPage> page = self->Read(job, name, from, kBatch);
    absl::MutexLock lock(&self->mutex_);
    self->reading_ = false;
    if (self->finished_) return;
    if (self->writing_) {
      // What can't be read now is read again when it is its turn.
      if (page.ok() && !page->entries.empty()) self->ahead_ = ReadPage{job, from, *std::move(page)};
      return;
    }
    const auto found = self->cursors_.find(job);
    if (!page.ok() && !absl::IsNotFound(page.status())) return self->Finish(page.status());
    if (page.ok() && !page->entries.empty() && found != self->cursors_.end() && !self->cancelled_ && !self->draining_) {
      return self->DeliverFromDisk(job, found->second, *page);
    }
    if (!page.ok() && found != self->cursors_.end()) found->second.gone = true;
    self->Proceed();
  });
}

// The next page is read while this one is on its way.
void WatchSession::DeliverFromDisk(JobKey job, Cursor& cursor, const LogPage& page) {
  Deliver(job, cursor, page);
  const auto found = cursors_.find(job);
  if (found == cursors_.end() || pending_.size() > 1) return;
  if (found->second.next <= found->second.newest) ReadFromDisk(job, found->second);
}

void WatchSession::Deliver(JobKey job, Cursor& cursor, const LogPage& page) {
  WatchMessage message;
  for (const LogEntry& entry : page.entries) message.AddEvent(cursor.view.See(entry.event));
  services_.table.counters().events.Add(static_cast<int64_t>(page.entries.size()));
  cursor.next = page.entries.back().sequence + 1;
  cursor.newest = std::max(cursor.newest, page.newest);
  last_served_ = job;
  const absl::Time now = absl::Now();
  if (cursor.newest - cursor.next >= kLagEvents && now - last_lag_ >= kBetweenLags) {
    last_lag_ = now;
    v1::WatchResponse lag;
    lag.mutable_lag()->set_job(cursor.job);
    lag.mutable_lag()->set_delivered_sequence(cursor.next - 1);
    lag.mutable_lag()->set_newest_sequence(cursor.newest);
    message.Add(lag);
  }
  if (page.ended && cursor.next > page.newest) {
    ended_.insert(job);
    cursors_.erase(job);
  }
  Write(std::move(message).Finish());
}

void WatchSession::Beat() {
  v1::WatchResponse response;
  for (const auto& [key, cursor] : cursors_) {
    v1::NewestSequence& newest = *response.mutable_heartbeat()->add_newest();
    newest.set_job(cursor.job);
    newest.set_sequence(cursor.newest);
  }
  response.mutable_heartbeat();
  WatchMessage message;
  message.Add(response);
  Write(std::move(message).Finish());
}

void WatchSession::Write(grpc::ByteBuffer message) {
  if (stream_ == nullptr) return;
  writing_ = true;
  last_write_ = absl::Now();
  services_.table.counters().bytes.Add(static_cast<int64_t>(message.Length()));
  stream_->Write(std::move(message));
}

void WatchSession::Finish(const absl::Status& status) {
  if (finished_ || stream_ == nullptr) return;
  finished_ = true;
  stream_->Finish(ToGrpcStatus(status));
}

}  // namespace trainyard
