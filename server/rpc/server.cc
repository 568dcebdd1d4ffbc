#include "server/rpc/server.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/kernel/kernels.h"
#include "core/train/checkpoint.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "server/base/address.h"
#include "server/rpc/call_pools.h"
#include "server/rpc/dataset_service.h"
#include "server/rpc/gate.h"
#include "server/rpc/info_services.h"
#include "server/rpc/job_service.h"
#include "server/rpc/listener.h"
#include "server/rpc/model_service.h"
#include "server/rpc/watch_service.h"
#include "server/run/remove_leftovers.h"
#include "server/store/files.h"
#include "server/store/reserve_file.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr std::string_view kVersion = TRAINYARD_VERSION;
constexpr int kMostWatchers = 1'000'000;
constexpr int kStreamsBesideWatchers = 1000;  // of one connection

int64_t MachineMemory() { return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE); }

ServerOptions Resolve(ServerOptions options) {
  if (options.workers == 0) options.workers = std::max(1u, std::thread::hardware_concurrency());
  if (options.job_memory_bytes == 0) options.job_memory_bytes = MachineMemory() / 2;
  return options;
}

// Held while a server uses the directory; the kernel gives it up when the process dies.
class DirectoryLock {
 public:
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error)
      return absl::FailedPreconditionError(
          absl::StrCat("can't make the data directory ", directory, ": ", error.message()));
    const int fd = open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return absl::FailedPreconditionError(absl::StrCat("can't write to the data directory ", directory));
    auto lock = std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
    return absl::FailedPreconditionError(
        absl::StrCat("another server uses ", directory, "; stop it, or choose another with --data"));
  }
  ~DirectoryLock() { close(fd_); }

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

v1::ServerInfo ConstantInfo(const ServerOptions& options, const DatasetLimits& datasets, const SpecLimits& spec) {
  v1::ServerInfo info;
  info.set_version(std::string(kVersion));
  info.set_numeric_fingerprint(NumericFingerprint());
  info.set_cpu_dispatch(std::string(NameOf(ChosenInstructionSet())));
  info.set_worker_count(options.workers);
  *info.mutable_start_time() = ToProto(absl::Now());
  v1::Limits& limits = *info.mutable_limits();
  limits.set_message_bytes(options.message_bytes);
  limits.set_upload_bytes(datasets.upload_bytes);
  limits.set_open_uploads(datasets.open_uploads);
  limits.set_columns(datasets.read.max_columns);
  limits.set_job_memory_bytes(spec.memory_bytes);
  limits.set_queued_jobs(options.queued_jobs);
  limits.set_watchers(options.watchers);
  limits.set_initial_state_bytes(spec.initial_state_bytes);
  return info;
}

}  // namespace

absl::Status Validate(const ServerOptions& options) {
  if (options.data_directory.empty()) return FieldError("--data", "empty", "a directory");
  if (!absl::StartsWith(options.listen, "unix:")) {
    RETURN_IF_ERROR(SplitAddress("--listen", options.listen, ", or unix:PATH").status());
  }
  RETURN_IF_ERROR(Validate(options.security, options.listen));
  if (!options.http.empty()) RETURN_IF_ERROR(SplitAddress("--http", options.http).status());
  if (!options.http.empty() && !options.security.insecure && !IsLoopback(options.http)) {
    return FieldError("--http", options.http, "a loopback address, as 127.0.0.1:50552, unless --insecure is given");
  }
  if (options.workers < 0 || options.workers > 1024)
    return FieldError("--workers", int64_t{options.workers}, "in 1..1024, or 0");
  if (options.job_memory_bytes < 0) return FieldError("--job-memory", options.job_memory_bytes, "at least 0");
  if (options.message_bytes < 1 << 20 || options.message_bytes > 1 << 30) {
    return FieldError("--message-bytes", options.message_bytes, "in 1 MiB..1 GiB");
  }
  if (options.upload_bytes < 1) return FieldError("--upload-bytes", options.upload_bytes, "at least 1");
  if (options.watchers < 1 || options.watchers > kMostWatchers) {
    return FieldError("--watchers", int64_t{options.watchers}, absl::StrCat("in 1..", kMostWatchers));
  }
  if (options.queued_jobs < 1) return FieldError("--queued-jobs", int64_t{options.queued_jobs}, "at least 1");
  return absl::OkStatus();
}

// Members in the order in which they are made; each uses only those above it.
class Server::Parts {
 public:
  static absl::StatusOr<std::unique_ptr<Parts>> Make(const ServerOptions& options, Journal& journal) {
    auto parts = std::unique_ptr<Parts>(new Parts(options, journal));
    ASSIGN_OR_RETURN(parts->credentials_, MakeCredentials(options.security));
    ASSIGN_OR_RETURN(parts->gate_, Gate::Open(options.security));
    RETURN_IF_ERROR(parts->OpenStore());
    RETURN_IF_ERROR(parts->TakeUp());
    parts->Observe();
    RETURN_IF_ERROR(parts->Serve());
    return parts;
  }

  ~Parts() { Drain(); }

  void Drain() {
    if (server_ != nullptr) {
      journal_.Write(Severity::kInfo, "draining");
      health_.reset();
      watchers_.Drain();
      datasets_->Drain();
      queue_->GiveUpOnErrors();
      listener_.reset();
      server_->Shutdown(absl::ToChronoTime(absl::Now() + options_.drain));
      // Requests that still run may wait for a worker.
      pools_.reset();
      scheduler_->Stop();
      jobs_->SaveForShutdown();
      // Whatever was to be told is told when this returns.
      queue_->CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); }).IgnoreError();
      server_.reset();
      journal_.Write(Severity::kInfo, "drained");
    }
  }

  const std::string& address() const { return address_; }
  const Observed& observed() const { return *observed_; }

 private:
  Parts(const ServerOptions& options, Journal& journal)
      : options_(Resolve(options)), journal_(journal), watchers_(options_.watchers) {}

  absl::Status OpenStore() {
    const std::string& directory = options_.data_directory;
    ASSIGN_OR_RETURN(lock_, DirectoryLock::Take(directory));
    journal_.Write(Severity::kInfo, "starting",
                   {{"version", std::string(kVersion)},
                    {"data", directory},
                    {"listen", options_.listen},
                    {"http", options_.http},
                    {"insecure", options_.security.insecure},
                    {"workers", int64_t{options_.workers}},
                    {"job_memory_bytes", options_.job_memory_bytes}});
    const std::string database = absl::StrCat(directory, "/", kDatabaseName);
    ASSIGN_OR_RETURN(queue_, CommitQueue::Open(database, {.reserve_path = directory + "/reserve",
                                                          .reserve_bytes = ReserveBytesFor(directory),
                                                          .journal = &journal_}));
    ASSIGN_OR_RETURN(catalogue_, Catalogue::Open(database));
    ASSIGN_OR_RETURN(blobs_, Blobs::Open(directory));
    log_ = std::make_unique<EventLog>(database, *queue_);
    return absl::OkStatus();
  }

  absl::Status TakeUp() {
    dataset_limits_.upload_bytes = options_.upload_bytes;
    spec_limits_.memory_bytes = options_.job_memory_bytes;
    datasets_.emplace(dataset_limits_, *queue_, *catalogue_, *blobs_);
    RETURN_IF_ERROR(datasets_->Recover());
    RETURN_IF_ERROR(RemoveLeftovers(*catalogue_, *blobs_));
    saver_ = std::make_unique<CheckpointSaver>(*blobs_, *catalogue_);
    scheduler_ = std::make_unique<Scheduler>(options_.workers, options_.slice);
    pools_ = std::make_unique<CallPools>();
    const RunServices services{*log_,   *queue_,     *catalogue_,   *blobs_,  *datasets_,
                               *saver_, *scheduler_, run_counters_, journal_, spec_limits_.memory_bytes};
    jobs_.emplace(JobLimits{.spec = spec_limits_, .queued_jobs = options_.queued_jobs}, services, pools_->writes);
    models_.emplace(services, *jobs_);
    return jobs_->Recover();
  }

  absl::Status Serve() {
    job_service_.emplace(*jobs_, *log_, *gate_, *pools_);
    dataset_service_.emplace(*datasets_, *gate_, *pools_);
    model_service_.emplace(*models_, *gate_, *pools_);
    watch_service_.emplace(WatchServices{*jobs_, *log_, pools_->reads, watchers_}, *gate_);
    insight_service_.emplace(spec_limits_, *datasets_, *catalogue_, *saver_, *gate_, pools_->reads);
    server_service_.emplace(ConstantInfo(options_, dataset_limits_, spec_limits_), *jobs_, watchers_, *gate_,
                            pools_->reads);

    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.message_bytes));
    builder.SetMaxSendMessageSize(-1);
    // Clients may ping each 10 s, without calls as well; the server finds dead connections within a minute.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 40'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    // Connections that do not come to the point are closed, and those without calls.
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 600'000);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.watchers + kStreamsBesideWatchers);
    // gRPC unpacks a message before it looks at its size: 16 MiB may become 16 GiB.
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.RegisterService(&*job_service_);
    builder.RegisterService(&*dataset_service_);
    builder.RegisterService(&*model_service_);
    builder.RegisterService(&*watch_service_);
    builder.RegisterService(&*insight_service_);
    builder.RegisterService(&*server_service_);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(CountCalls(call_counters_));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::InternalError("gRPC can't start");
    ASSIGN_OR_RETURN(listener_, Listener::Open(options_.listen));
    address_ = listener_->address();
    journal_.Write(Severity::kInfo, "listening", {{"address", address_}});
    health_ = std::make_unique<HealthReporter>(*readiness_, server_->GetHealthCheckService(), journal_);
    listener_->Start([this](int connection) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters taken;
      taken.fd = connection;
      acceptor_->HandleNewConnection(&taken);
    });
    return absl::OkStatus();
  }

  void Observe() {
    readiness_.emplace(*queue_, *blobs_, watchers_, *jobs_, options_.queued_jobs);
    observed_.emplace(Observed{.version = std::string(kVersion),
                               .numeric_fingerprint = NumericFingerprint(),
                               .workers = options_.workers,
                               .job_memory_limit = options_.job_memory_bytes,
                               .start_time = absl::Now(),
                               .calls = call_counters_,
                               .runs = run_counters_,
                               .watchers = watchers_,
                               .datasets = *datasets_,
                               .jobs = *jobs_,
                               .queue = *queue_,
                               .blobs = *blobs_,
                               .readiness = *readiness_});
  }

  const ServerOptions options_;
  Journal& journal_;
  CallCounters call_counters_;
  RunCounters run_counters_;
  DatasetLimits dataset_limits_;
  SpecLimits spec_limits_;
  std::string address_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<DirectoryLock> lock_;
  WatchTable watchers_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<EventLog> log_;
  std::optional<DatasetTable> datasets_;
  std::unique_ptr<CheckpointSaver> saver_;
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<JobTable> jobs_;
  std::optional<ModelTable> models_;
  std::unique_ptr<CallPools> pools_;
  std::optional<JobService> job_service_;
  std::optional<DatasetService> dataset_service_;
  std::optional<ModelService> model_service_;
  std::optional<WatchService> watch_service_;
  std::optional<InsightService> insight_service_;
  std::optional<ServerService> server_service_;
  std::optional<Readiness> readiness_;
  std::optional<Observed> observed_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<HealthReporter> health_;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Journal& journal) {
  RETURN_IF_ERROR(Validate(options));
  ASSIGN_OR_RETURN(std::unique_ptr<Parts> parts, Parts::Make(options, journal));
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

const std::string& Server::address() const { return parts_->address(); }

const Observed& Server::observed() const { return parts_->observed(); }

void Server::Drain() { parts_->Drain(); }

}  // namespace trainyard
