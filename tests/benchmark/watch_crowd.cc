// Many watchers of one job that runs: whether each sees all of it, in order, and how soon.
//
//   watch_crowd ADDRESS REQUEST_FILE STREAMS SECONDS        REQUEST_FILE: a WatchRequest
//
// Prints `watching` when each stream has had a message, and goes on for so many seconds, or until all were ended. Then
// prints, as JSON: the streams, their events, how many of these left a gap or came again (`faults`), the messages that told
// of a lag, milliseconds from an event's time to its arrival (`p50`, `p99`), events a second of the slowest stream and of
// the quickest; and how many streams the server ended with the number that comes next (`resumable`), the last of them at
// `last_end`, in seconds of the monotonic clock.

#include <algorithm>
#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "tests/benchmark/load.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard {
namespace {

constexpr int kStreamsPerConnection = 100;
constexpr char kWatch[] = "/trainyard.v1.WatchService/Watch";

struct Crowd {
  Crowd(const v1::WatchRequest& request, int count) : job(request.targets(0).job()), silent(count), running(count) {}

  const std::string job;
  absl::BlockingCounter silent;   // streams without a message
  absl::BlockingCounter running;  // streams that have not ended
  std::atomic<bool> measuring = false;
  std::atomic<int> open = 0;
};

double MonotonicSeconds() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

// The number after those that were delivered, as the error's details say it; 0: they do not.
int64_t NextNumber(const grpc::Status& status, const std::string& job) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details())) return 0;
  for (const google::protobuf::Any& detail : details.details()) {
    if (!detail.UnpackTo(&info)) continue;
    const auto found = info.metadata().find(job);
    if (found != info.metadata().end()) return std::atoll(found->second.c_str());
  }
  return 0;
}

class Watcher final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Watcher(grpc::GenericStub& stub, const std::string& request, Crowd& crowd)
      : request_(Buffer(request)), crowd_(crowd) {
    ++crowd_.open;
    stub.PrepareBidiStreamingCall(&context_, kWatch, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&message_);
    StartCall();
  }

  void Leave() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (messages_++ == 0) crowd_.silent.DecrementCount();
    grpc::ProtoBufferReader reader(&message_);
    v1::WatchResponse response;
    if (!response.ParseFromZeroCopyStream(&reader)) Fail("a message can't be read");
    for (const v1::Event& event : response.events()) See(event);
    if (response.has_lag()) ++lags;
    StartRead(&message_);
  }

  void OnDone(const grpc::Status& status) override {
    if (messages_ == 0)
      Fail(absl::StrCat("a watch ended with error ", status.error_code(), ": ", status.error_message()));
    resumable = status.error_code() == grpc::StatusCode::UNAVAILABLE && NextNumber(status, crowd_.job) == newest_ + 1;
    end = MonotonicSeconds();
    --crowd_.open;
    crowd_.running.DecrementCount();
  }

  // When it has ended.
  int64_t events = 0;
  int64_t faults = 0;
  int64_t lags = 0;
  std::vector<float> milliseconds;
  bool resumable = false;
  double end = 0;

 private:
  void See(const v1::Event& event) {
    if (newest_ > 0 && event.sequence() != newest_ + 1) ++faults;
    newest_ = event.sequence();
    if (!crowd_.measuring.load(std::memory_order_relaxed)) return;
    ++events;
    const absl::Time time = absl::FromUnixSeconds(event.time().seconds()) + absl::Nanoseconds(event.time().nanos());
    milliseconds.push_back(static_cast<float>(absl::ToDoubleMilliseconds(absl::Now() - time)));
  }

  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  Crowd& crowd_;
  int64_t messages_ = 0;
  int64_t newest_ = 0;
};

float Percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<int64_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void Print(const std::deque<Watcher>& watchers, double seconds) {
  int64_t events = 0, faults = 0, lags = 0, resumable = 0;
  int64_t least = watchers.front().events, most = 0;
  double last_end = 0;
  std::vector<float> milliseconds;
  for (const Watcher& watcher : watchers) {
    events += watcher.events;
    faults += watcher.faults;
    lags += watcher.lags;
    resumable += watcher.resumable ? 1 : 0;
    least = std::min(least, watcher.events);
    most = std::max(most, watcher.events);
    last_end = std::max(last_end, watcher.end);
    milliseconds.insert(milliseconds.end(), watcher.milliseconds.begin(), watcher.milliseconds.end());
  }
  std::printf(
      "{\"streams\": %zu, \"events\": %lld, \"faults\": %lld, \"lags\": %lld, \"p50\": %.3f, \"p99\": %.3f, "
      "\"slowest\": %.3f, \"quickest\": %.3f, \"resumable\": %lld, \"last_end\": %.6f}\n",
      watchers.size(), static_cast<long long>(events), static_cast<long long>(faults), static_cast<long long>(lags),
      Percentile(milliseconds, 0.5), Percentile(milliseconds, 0.99), static_cast<double>(least) / seconds,
      static_cast<double>(most) / seconds, static_cast<long long>(resumable), last_end);
}

int Main(int argc, char** argv) {
  if (argc < 5) Fail("usage: watch_crowd ADDRESS REQUEST_FILE STREAMS SECONDS");
  const std::string bytes = ReadFile(argv[2]);
  v1::WatchRequest request;
  if (!request.ParseFromString(bytes) || request.targets_size() != 1) Fail("the request is to have one target");
  const int count = std::atoi(argv[3]);
  Crowd crowd(request, count);
  std::vector<grpc::GenericStub> stubs;
  for (int i = 0; i < count; i += kStreamsPerConnection) stubs.emplace_back(Connect(argv[1]));
  std::deque<Watcher> watchers;
  for (int i = 0; i < count; ++i) watchers.emplace_back(stubs[i / kStreamsPerConnection], bytes, crowd);
  crowd.silent.Wait();

  const auto begin = Clock::now();
  crowd.measuring = true;
  std::printf("watching\n");
  std::fflush(stdout);
  while (MillisecondsSince(begin) < 1000 * std::atof(argv[4]) && crowd.open > 0) absl::SleepFor(absl::Milliseconds(10));
  crowd.measuring = false;
  const double seconds = MillisecondsSince(begin) / 1000;
  for (Watcher& watcher : watchers) watcher.Leave();
  crowd.running.Wait();
  Print(watchers, seconds);
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
