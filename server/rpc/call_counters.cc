#include "server/rpc/call_counters.h"

#include <string_view>

#include "absl/time/clock.h"

namespace trainyard {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

constexpr std::string_view kOwnServices = "/trainyard.v1.";
constexpr std::string_view kWatch = "/trainyard.v1.WatchService/Watch";

class CallInterceptor final : public Interceptor {
 public:
  CallInterceptor(CallCounters& counters, const char* method)
      : counters_(counters), method_(method), begin_(absl::Now()) {}

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      counters_.Observe(method_, batch->GetSendStatus().error_code(), absl::Now() - begin_);
    }
    batch->Proceed();
  }

 private:
  CallCounters& counters_;
  const char* const method_;
  const absl::Time begin_;
};

class CallInterceptorFactory final : public ServerInterceptorFactoryInterface {
 public:
  explicit CallInterceptorFactory(CallCounters& counters) : counters_(counters) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    const std::string_view method = info->method();
    if (!method.starts_with(kOwnServices) || method == kWatch) return nullptr;
    return new CallInterceptor(counters_, info->method());
  }

 private:
  CallCounters& counters_;
};

}  // namespace

void CallCounters::Observe(const std::string& method, grpc::StatusCode code, absl::Duration took) {
  Of(method, code).Observe(took);
}

DurationHistogram& CallCounters::Of(const std::string& method, grpc::StatusCode code) {
  const auto key = std::make_pair(method, code);
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (const auto found = ended_.find(key); found != ended_.end()) return *found->second;
  }
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<DurationHistogram>& histogram = ended_[key];
  if (histogram == nullptr) histogram = std::make_unique<DurationHistogram>();
  return *histogram;
}

std::vector<CallCounters::Ended> CallCounters::Read() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Ended> all;
  for (const auto& [key, histogram] : ended_) {
    all.push_back({.method = key.first, .code = key.second, .durations = histogram->Read()});
  }
  return all;
}

std::unique_ptr<ServerInterceptorFactoryInterface> CountCalls(CallCounters& counters) {
  return std::make_unique<CallInterceptorFactory>(counters);
}

}  // namespace trainyard
