#include "server/rpc/readiness.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/rpc/reply.h"
#include "server/run/names.h"

namespace trainyard {
namespace {

constexpr absl::Duration kBetweenChecks = absl::Seconds(1);

void SetReady(grpc::HealthCheckServiceInterface* health, bool ready) {
  health->SetServingStatus("", ready);
  health->SetServingStatus("ready", ready);
}

}  // namespace

absl::Status Readiness::Check() const {
  if (watchers_.draining()) return Draining();
  if (queue_.storage_full() || blobs_.ShortOfRoom()) {
    return StorageFull(blobs_.FreeBytes());
  }
  if (!queue_.writable()) {
    return WithReason(absl::UnavailableError("the store cannot write or sync; the log says why"), "STORE_CANNOT_WRITE");
  }
  if (const int queued = jobs_.Count().queued; queued >= queued_jobs_) {
    return WithReason(absl::ResourceExhaustedError(absl::StrCat(queued, " jobs wait already")), "QUEUE_FULL");
  }
  return absl::OkStatus();
}

HealthReporter::HealthReporter(const Readiness& readiness, grpc::HealthCheckServiceInterface* health, Journal& journal)
    : readiness_(readiness), health_(health), journal_(journal) {
  health_->SetServingStatus("live", true);
  SetReady(health_, true);
  Report(readiness_.Check());
  thread_ = std::thread([this] { Run(); });
}

HealthReporter::~HealthReporter() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
  SetReady(health_, false);
}

void HealthReporter::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&closed_), kBetweenChecks)) return;
    }
    Report(readiness_.Check());
  }
}

void HealthReporter::Report(const absl::Status& ready) {
  if (ErrorReason(ready) == ErrorReason(reported_)) return;
  reported_ = ready;
  SetReady(health_, ready.ok());
  if (ready.ok()) {
    journal_.Write(Severity::kInfo, "ready");
  } else {
    journal_.Write(Severity::kWarning, "not_ready",
                   {{"reason", ErrorReason(ready)}, {"message", std::string(ready.message())}});
  }
}

}  // namespace trainyard
