#include "client/cpp/watch.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/backoff.h"
#include "client/cpp/status_macros.h"

namespace trainyard::client {
namespace {

constexpr char kAllJobs[] = "jobs/-";

// Whether to come back after this error. A server counts a stream whose connection broke until it notices.
bool IsPassing(const absl::Status& status, bool was_connected) {
  const std::string reason = DetailsOf(status).reason;
  const bool is_full = reason == "TOO_MANY_WATCHERS" || reason == "QUOTA_EXCEEDED";
  return absl::IsUnavailable(status) || (is_full && was_connected);
}

}  // namespace

bool IsTerminal(v1::State state) {
  return state == v1::STATE_SUCCEEDED || state == v1::STATE_FAILED || state == v1::STATE_CANCELLED;
}

JobWatch::JobWatch(Client& client, WatchOptions options) : client_(client), options_(std::move(options)) {
  for (const v1::WatchTarget& target : options_.request.targets()) {
    if (target.job() != kAllJobs) next_[target.job()] = target.has_from_sequence() ? target.from_sequence() : 1;
  }
}

absl::Status JobWatch::Run(Callback deliver) {
  Backoff backoff(options_.first_delay);
  absl::Time last_progress = absl::Now();
  bool was_connected = false;
  while (true) {
    bool stopped = false;
    bool progressed = false;
    const absl::Status status = RunStream(deliver, stopped, progressed);
    if (progressed) {
      backoff.Reset();
      last_progress = absl::Now();
      was_connected = true;
    }
    if (stopped) return absl::OkStatus();
    if (!IsPassing(status, was_connected)) return status;
    if (RemainingRequest().targets().empty()) return absl::OkStatus();
    if (absl::Now() - last_progress > options_.reconnect_for) return status;
    if (options_.reconnecting) options_.reconnecting(status);
    if (!WaitToReconnect(backoff.Next(), last_progress + options_.reconnect_for)) return absl::OkStatus();
  }
}

v1::WatchRequest JobWatch::RemainingRequest() const {
  v1::WatchRequest request = options_.request;
  request.clear_targets();
  for (const v1::WatchTarget& target : options_.request.targets()) {
    if (ended_.contains(target.job())) continue;
    v1::WatchTarget* remaining = request.add_targets();
    *remaining = target;
    if (target.job() != kAllJobs) remaining->set_from_sequence(next_.at(target.job()));
  }
  return request;
}

absl::Status JobWatch::RunStream(Callback deliver, bool& stopped, bool& progressed) {
  grpc::ClientContext context;
  if (!OpenContext(&context)) {
    stopped = true;
    return absl::OkStatus();
  }
  const std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> stream =
      client_.watch().Watch(&context, RemainingRequest());
  v1::WatchResponse response;
  absl::Status broken;
  while (!stopped && broken.ok() && stream->Read(&response)) {
    if (!progressed && options_.connected) options_.connected();
    progressed = true;
    broken = Deliver(response, deliver, stopped);
  }
  if (stopped || !broken.ok()) context.TryCancel();
  const absl::Status status = ToStatus(stream->Finish());
  CloseContext();
  const absl::MutexLock lock(&mutex_);
  stopped = stopped || cancelled_;
  return broken.ok() ? status : broken;
}

absl::Status JobWatch::Deliver(const v1::WatchResponse& response, Callback deliver, bool& stopped) {
  for (const v1::Event& event : response.events()) {
    int64_t& next = next_.try_emplace(event.job(), event.sequence()).first->second;
    // All jobs are asked for anew from their first event after a break.
    if (event.sequence() < next) continue;
    if (event.sequence() > next) {
      return absl::DataLossError(
          absl::StrCat(event.job(), ": event ", event.sequence(), " came where ", next, " was due"));
    }
    next = event.sequence() + 1;
    if (event.has_state_changed() && IsTerminal(event.state_changed().state())) ended_.insert(event.job());
    if (deliver(event) == Next::kStop) {
      stopped = true;
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

void JobWatch::Cancel() {
  const absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
}

bool JobWatch::OpenContext(grpc::ClientContext* context) {
  const absl::MutexLock lock(&mutex_);
  if (cancelled_) return false;
  context_ = context;
  return true;
}

void JobWatch::CloseContext() {
  const absl::MutexLock lock(&mutex_);
  context_ = nullptr;
}

bool JobWatch::WaitToReconnect(absl::Duration delay, absl::Time deadline) {
  constexpr absl::Duration kLook = absl::Milliseconds(200);
  const auto cancelled_within = [this](absl::Duration time) {
    const absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), time);
  };
  if (cancelled_within(delay)) return false;
  while (absl::Now() < deadline && !client_.WaitForConnection(kLook)) {
    if (cancelled_within(absl::ZeroDuration())) return false;
  }
  return true;
}

}  // namespace trainyard::client
