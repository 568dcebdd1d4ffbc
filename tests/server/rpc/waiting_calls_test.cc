// What the server answers while its disk does not sync, and calls that change something wait for it.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "core/base/crc32c.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/base/journal.h"
#include "server/rpc/call_pools.h"
#include "server/rpc/server.h"
#include "tests/server/store/temporary_store.h"
#include "tests/testing/intercepted_disk.h"
#include "trainyard/v1/dataset.grpc.pb.h"
#include "trainyard/v1/job.grpc.pb.h"
#include "trainyard/v1/model.grpc.pb.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard {
namespace {

constexpr int kCallers = kThreadsOfPool + 4;

class HeldDisk final : public InterceptedDisk {
 public:
  void Hold() { SetSyncing(false); }
  void Release() { SetSyncing(true); }

 protected:
  int Sync(Kind kind, sqlite3_file* file, int flags) override {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&syncing_));
    }
    return InterceptedDisk::Sync(kind, file, flags);
  }

 private:
  void SetSyncing(bool syncing) {
    absl::MutexLock lock(&mutex_);
    syncing_ = syncing;
  }

  absl::Mutex mutex_;
  bool syncing_ ABSL_GUARDED_BY(mutex_) = true;
};

class WaitingCallsTest : public testing::Test {
 protected:
  WaitingCallsTest()
      : server_(Server::Start({.data_directory = folder_.path(), .listen = "127.0.0.1:0"}, journal_).value()),
        channel_(grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials())) {}
  ~WaitingCallsTest() override {
    disk_.Release();
    for (std::thread& caller : callers_) caller.join();
  }

  template <typename Stub, typename Request, typename Response>
  static grpc::StatusCode Code(Stub& stub,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    return (stub.*method)(&context, request, response).error_code();
  }
  template <typename Stub, typename Request, typename Response>
  static grpc::StatusCode Code(Stub& stub,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    Response response;
    return Code(stub, method, request, &response);
  }

  std::string OpenUpload(const std::string& dataset) {
    v1::CreateUploadRequest request;
    request.mutable_dataset()->set_name(dataset);
    request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
    v1::Upload upload;
    Code(*datasets_, &Datasets::CreateUpload, request, &upload);
    return upload.name();
  }
  std::string Upload(const std::string& dataset) {
    v1::UploadDataRequest chunk;
    chunk.set_upload(OpenUpload(dataset));
    chunk.set_data("a,y\n1,2\n3,4\n");
    chunk.set_crc32c(Crc32c(chunk.data()));
    grpc::ClientContext context;
    v1::Upload upload;
    const auto stream = datasets_->UploadData(&context, &upload);
    stream->Write(chunk);
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return chunk.upload();
  }
  grpc::StatusCode Commit(const std::string& upload) {
    v1::CommitUploadRequest request;
    request.set_name(upload);
    return Code(*datasets_, &Datasets::CommitUpload, request);
  }

  grpc::StatusCode Watch(const std::string& job) {
    v1::WatchRequest request;
    request.add_targets()->set_job(job);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    return watches_->Watch(&context, request)->Finish().error_code();
  }

  void AwaitFiles(const std::string& folder, int count) const {
    const auto files = [&] { return std::filesystem::directory_iterator(absl::StrCat(folder_.path(), "/", folder)); };
    while (std::distance(begin(files()), end(files())) < count) absl::SleepFor(absl::Milliseconds(1));
  }

  using Datasets = v1::DatasetService::Stub;
  using Jobs = v1::JobService::Stub;
  using Models = v1::ModelService::Stub;

  HeldDisk disk_;
  TemporaryFolder folder_;
  Journal journal_{JournalOptions(), [](const std::string&) {}};
  const std::unique_ptr<Server> server_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Datasets> datasets_ = v1::DatasetService::NewStub(channel_);
  const std::unique_ptr<Jobs> jobs_ = v1::JobService::NewStub(channel_);
  const std::unique_ptr<Models> models_ = v1::ModelService::NewStub(channel_);
  const std::unique_ptr<v1::WatchService::Stub> watches_ = v1::WatchService::NewStub(channel_);
  std::vector<std::thread> callers_;
};

TEST_F(WaitingCallsTest, JobsAreReadAndWatchedWhileManyCallsWait) {
  disk_.Hold();
  for (int i = 0; i < kCallers; ++i) callers_.emplace_back([this] { OpenUpload("datasets/new"); });
  AwaitFiles("uploads", kThreadsOfPool);
  EXPECT_EQ(Code(*jobs_, &Jobs::ListJobs, v1::ListJobsRequest()), grpc::StatusCode::OK);
  v1::GetJobRequest get;
  get.set_name("jobs/1");
  EXPECT_EQ(Code(*jobs_, &Jobs::GetJob, get), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Watch("jobs/1"), grpc::StatusCode::NOT_FOUND);
}

TEST_F(WaitingCallsTest, ModelsAreEvaluatedWhileManyCommitsOfUploadsWait) {
  std::vector<std::string> uploads;
  for (int i = 0; i < kCallers; ++i) uploads.push_back(Upload(absl::StrCat("datasets/", i)));
  disk_.Hold();
  for (const std::string& upload : uploads) callers_.emplace_back([this, upload] { Commit(upload); });
  AwaitFiles("blobs", kThreadsOfPool);
  v1::EvaluateRequest evaluate;
  evaluate.set_model("models/1");
  evaluate.set_dataset("datasets/1");
  EXPECT_EQ(Code(*models_, &Models::Evaluate, evaluate), grpc::StatusCode::NOT_FOUND);
}

TEST_F(WaitingCallsTest, RowsAreReadWhileTheDeletionOfAnotherDataSetWaits) {
  ASSERT_EQ(Commit(Upload("datasets/old")), grpc::StatusCode::OK);
  ASSERT_EQ(Commit(Upload("datasets/kept")), grpc::StatusCode::OK);
  disk_.Hold();
  callers_.emplace_back([this] {
    v1::DeleteDatasetRequest request;
    request.set_name("datasets/old");
    EXPECT_EQ(Code(*datasets_, &Datasets::DeleteDataset, request), grpc::StatusCode::OK);
  });
  v1::GetDatasetRequest get;
  get.set_name("datasets/old");
  while (Code(*datasets_, &Datasets::GetDataset, get) != grpc::StatusCode::NOT_FOUND)
    absl::SleepFor(absl::Milliseconds(1));
  v1::ReadExamplesRequest read;
  read.set_dataset("datasets/kept");
  EXPECT_EQ(Code(*datasets_, &Datasets::ReadExamples, read), grpc::StatusCode::OK);
}

}  // namespace
}  // namespace trainyard
