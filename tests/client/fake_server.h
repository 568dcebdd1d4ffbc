// The generated services as far as the client's tests need them, on a loopback port, with faults on demand.

#ifndef TRAINYARD_TESTS_CLIENT_FAKE_SERVER_H_
#define TRAINYARD_TESTS_CLIENT_FAKE_SERVER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/crc32c.h"
#include "core/base/sha256.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "trainyard/v1/dataset.grpc.pb.h"
#include "trainyard/v1/insight.grpc.pb.h"
#include "trainyard/v1/job.grpc.pb.h"
#include "trainyard/v1/model.grpc.pb.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard::client {

// INVALID_ARGUMENT, ... with a field and a reason in google.rpc details.
inline grpc::Status Refusal(grpc::StatusCode code, const std::string& message, const std::string& field,
                            const std::string& reason) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(field);
  status.add_details()->PackFrom(bad_request);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  (*info.mutable_metadata())["value"] = "42";
  status.add_details()->PackFrom(info);
  return grpc::Status(code, message, status.SerializeAsString());
}

class FakeDatasets final : public v1::DatasetService::Service {
 public:
  // How many streams break after so many chunks.
  int streams_to_break = 0;
  int chunks_before_break = 2;
  std::string content;
  std::vector<int64_t> first_offsets;
  bool lose_commit_answer = false;
  // How many streams and commits find that another call has the upload.
  int busy_calls = 0;
  v1::Dataset committed;
  std::vector<std::string> deleted;  // uploads

  grpc::Status CreateUpload(grpc::ServerContext*, const v1::CreateUploadRequest* request, v1::Upload* upload) override {
    committed = request->dataset();
    upload->set_name("uploads/1");
    return grpc::Status::OK;
  }

  grpc::Status UploadData(grpc::ServerContext*, grpc::ServerReader<v1::UploadDataRequest>* reader,
                          v1::Upload* upload) override {
    if (busy_calls > 0) return Busy();
    v1::UploadDataRequest chunk;
    bool first = true;
    for (int chunks = 0; reader->Read(&chunk); ++chunks) {
      if (streams_to_break > 0 && chunks == chunks_before_break) {
        --streams_to_break;
        return {grpc::StatusCode::UNAVAILABLE, "broken"};
      }
      if (first) first_offsets.push_back(chunk.offset());
      first = false;
      if (chunk.offset() != static_cast<int64_t>(content.size())) {
        return Refusal(grpc::StatusCode::OUT_OF_RANGE, "offset", "offset", "OFFSET_MISMATCH");
      }
      if (chunk.crc32c() != Crc32c(chunk.data())) {
        return Refusal(grpc::StatusCode::DATA_LOSS, "crc", "crc32c", "CHECKSUM_MISMATCH");
      }
      content += chunk.data();
    }
    upload->set_received_bytes(static_cast<int64_t>(content.size()));
    return grpc::Status::OK;
  }

  grpc::Status GetUpload(grpc::ServerContext*, const v1::GetUploadRequest* request, v1::Upload* upload) override {
    upload->set_name(request->name());
    upload->set_received_bytes(static_cast<int64_t>(content.size()));
    return grpc::Status::OK;
  }

  grpc::Status CommitUpload(grpc::ServerContext*, const v1::CommitUploadRequest* request,
                            v1::Dataset* dataset) override {
    if (busy_calls > 0) return Busy();
    committed.set_digest(Sha256Of(content));
    if (!request->digest().empty() && request->digest() != committed.digest())
      return {grpc::StatusCode::DATA_LOSS, "digest"};
    if (std::exchange(lose_commit_answer, false)) return {grpc::StatusCode::UNAVAILABLE, "answer lost"};
    *dataset = committed;
    return grpc::Status::OK;
  }

  grpc::Status DeleteUpload(grpc::ServerContext*, const v1::DeleteUploadRequest* request,
                            google::protobuf::Empty*) override {
    deleted.push_back(request->name());
    return grpc::Status::OK;
  }

 private:
  grpc::Status Busy() {
    --busy_calls;
    return Refusal(grpc::StatusCode::ABORTED, "busy", "upload", "UPLOAD_BUSY");
  }
};

class FakeJobs final : public v1::JobService::Service {
 public:
  v1::Job job;
  v1::Job created;
  grpc::Status create_status;
  int create_answers_to_lose = 0;
  std::vector<std::string> request_ids;     // that calls of CreateJob and ForkJob brought
  std::vector<std::string> authorizations;  // that calls of GetJob brought
  int get_calls = 0;
  int get_answer_to_lose = 0;  // that of the call of this number, from 1; 0: none
  bool verify_has_deadline = false;

  grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request, v1::Job* answer) override {
    created = request->job();
    return Create(request->request_id(), answer);
  }

  grpc::Status ForkJob(grpc::ServerContext*, const v1::ForkJobRequest* request, v1::Job* answer) override {
    return Create(request->request_id(), answer);
  }

  grpc::Status VerifyJob(grpc::ServerContext* context, const v1::VerifyJobRequest*,
                         v1::VerifyJobResponse* answer) override {
    verify_has_deadline = context->deadline() != std::chrono::system_clock::time_point::max();
    answer->set_identical(true);
    return grpc::Status::OK;
  }

  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request, v1::Job* answer) override {
    const auto [first, last] = context->client_metadata().equal_range("authorization");
    for (auto it = first; it != last; ++it) authorizations.emplace_back(it->second.data(), it->second.size());
    ++get_calls;
    if (get_calls == get_answer_to_lose) return {grpc::StatusCode::UNAVAILABLE, "answer lost"};
    if (request->name() != job.name()) return {grpc::StatusCode::NOT_FOUND, "no such job"};
    *answer = job;
    return grpc::Status::OK;
  }

  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* answer) override {
    // Two pages of one job each.
    v1::Job* listed = answer->add_jobs();
    if (request->page_token().empty()) {
      *listed = job;
      answer->set_next_page_token("second");
    }
    listed->set_name(request->page_token().empty() ? "jobs/1" : "jobs/2");
    return grpc::Status::OK;
  }

 private:
  grpc::Status Create(const std::string& request_id, v1::Job* answer) {
    request_ids.push_back(request_id);
    if (create_answers_to_lose-- > 0) return {grpc::StatusCode::UNAVAILABLE, "answer lost"};
    *answer = job;
    return create_status;
  }
};

class FakeWatch final : public v1::WatchService::Service {
 public:
  std::vector<v1::Event> log;
  // How many streams break, each after so many events.
  int streams_to_break = 0;
  int events_before_break = 2;
  // Sends the event before the one asked for again, or leaves the one asked for out.
  bool repeat = false;
  bool skip = false;
  // Stays open after the last event, whatever the client does, until Release.
  bool hold = false;
  // How each stream after the first ends at once, in turn.
  std::deque<grpc::Status> refusals;
  std::vector<int64_t> asked_from;

  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    int64_t from = std::max<int64_t>(request->targets(0).from_sequence(), 1);
    asked_from.push_back(from);
    if (asked_from.size() > 1 && !refusals.empty()) {
      const grpc::Status refusal = refusals.front();
      refusals.pop_front();
      return refusal;
    }
    if (repeat) from = std::max<int64_t>(from - 1, 1);
    if (skip) ++from;
    const bool breaks = streams_to_break > 0;
    if (breaks) --streams_to_break;
    int sent = 0;
    for (const v1::Event& event : log) {
      if (event.sequence() < from) continue;
      if (breaks && sent++ == events_before_break) return {grpc::StatusCode::UNAVAILABLE, "broken"};
      v1::WatchResponse response;
      *response.add_events() = event;
      writer->Write(response);
    }
    if (hold) AwaitRelease();
    return grpc::Status::OK;
  }

  void Release() {
    absl::MutexLock lock(&mutex_);
    released_ = true;
  }

 private:
  void AwaitRelease() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&released_));
  }

  absl::Mutex mutex_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

class FakeModels final : public v1::ModelService::Service {
 public:
  std::string content = std::string(1000, 'x');
  bool wrong_checksum = false;
  bool wrong_offset = false;
  int64_t missing_bytes = 0;
  v1::Model model;
  v1::PredictRequest asked;
  v1::PredictResponse predictions;
  std::vector<int> rows_of_calls;
  // How far each call to Predict finds the model beyond the one before.
  int64_t step_of_call = 0;
  // How many calls to Predict are answered before the others are refused.
  size_t calls_to_answer = 1000;
  grpc::Status refusal = Refusal(grpc::StatusCode::INVALID_ARGUMENT, "table.rows[7] is wrong", "table.rows[7]", "BAD");

  grpc::Status GetModel(grpc::ServerContext*, const v1::GetModelRequest*, v1::Model* answer) override {
    *answer = model;
    return grpc::Status::OK;
  }

  grpc::Status ExportModel(grpc::ServerContext*, const v1::ExportModelRequest*,
                           grpc::ServerWriter<v1::ExportModelResponse>* writer) override {
    const int64_t size = static_cast<int64_t>(content.size());
    for (int64_t offset = 0; offset < size - missing_bytes; offset += 300) {
      v1::ExportModelResponse piece;
      piece.set_offset(wrong_offset && offset > 0 ? offset + 1 : offset);
      piece.set_size_bytes(size);
      piece.set_data(content.substr(static_cast<size_t>(offset),
                                    static_cast<size_t>(std::min<int64_t>(300, size - missing_bytes - offset))));
      piece.set_crc32c(Crc32c(piece.data()) + (wrong_checksum ? 1 : 0));
      writer->Write(piece);
    }
    return grpc::Status::OK;
  }

  grpc::Status DeleteModel(grpc::ServerContext*, const v1::DeleteModelRequest*, google::protobuf::Empty*) override {
    return grpc::Status::OK;
  }

  grpc::Status Predict(grpc::ServerContext*, const v1::PredictRequest* request, v1::PredictResponse* answer) override {
    asked = *request;
    *answer = predictions;
    rows_of_calls.push_back(request->table().rows_size());
    answer->set_step(step_of_call * static_cast<int64_t>(rows_of_calls.size()));
    return rows_of_calls.size() > calls_to_answer ? refusal : grpc::Status::OK;
  }
};

class FakeInsight final : public v1::InsightService::Service {
 public:
  v1::PreviewScheduleRequest asked;
  v1::PreviewScheduleResponse preview;

  grpc::Status PreviewSchedule(grpc::ServerContext*, const v1::PreviewScheduleRequest* request,
                               v1::PreviewScheduleResponse* answer) override {
    asked = *request;
    *answer = preview;
    return grpc::Status::OK;
  }
};

// Listens while it lives. Its parts may be read and changed only while no call is open.
class FakeServer {
 public:
  // 0: any free port.
  explicit FakeServer(int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(16 << 20);
    builder.RegisterService(&datasets);
    builder.RegisterService(&jobs);
    builder.RegisterService(&watch);
    builder.RegisterService(&models);
    builder.RegisterService(&insight);
    server_ = builder.BuildAndStart();
  }

  ~FakeServer() {
    watch.Release();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  int port() const { return port_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  FakeDatasets datasets;
  FakeJobs jobs;
  FakeWatch watch;
  FakeModels models;
  FakeInsight insight;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// jobs/1 that runs `count` events and then succeeds; the last is the terminal one.
inline std::vector<v1::Event> MakeLog(int count, v1::State last = v1::STATE_SUCCEEDED) {
  std::vector<v1::Event> log;
  for (int i = 1; i <= count; ++i) {
    v1::Event event;
    event.set_job("jobs/1");
    event.set_sequence(i);
    event.set_attempt(1);
    event.set_step(10 * i);
    event.mutable_state_changed()->set_state(i < count ? v1::STATE_RUNNING : last);
    log.push_back(event);
  }
  return log;
}

}  // namespace trainyard::client

#endif  // TRAINYARD_TESTS_CLIENT_FAKE_SERVER_H_
