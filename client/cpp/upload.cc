#include "client/cpp/upload.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "client/cpp/call_again.h"
#include "client/cpp/crc32c.h"
#include "client/cpp/file_sequence.h"
#include "client/cpp/status_macros.h"

namespace trainyard::client {
namespace {

constexpr char kBusy[] = "UPLOAD_BUSY";
constexpr absl::Duration kDropTimeout = absl::Seconds(10);

// Errors after which the server is asked where to go on: the connection or a byte broke, or the stream that broke still
// counts as open.
bool IsPassing(const absl::Status& status) {
  const std::string reason = DetailsOf(status).reason;
  return absl::IsUnavailable(status) || reason == "CHECKSUM_MISMATCH" || reason == "OFFSET_MISMATCH" || reason == kBusy;
}

class Uploader {
 public:
  Uploader(Client& client, const UploadOptions& options, FileSequence content)
      : client_(client), options_(options), content_(std::move(content)) {}

  absl::StatusOr<v1::Dataset> Run() {
    ASSIGN_OR_RETURN(const v1::Upload upload, Create());
    absl::StatusOr<v1::Dataset> dataset = SendAndCommit(upload);
    if (!dataset.ok() && !absl::IsUnavailable(dataset.status())) Drop(upload.name());
    return dataset;
  }

 private:
  Patience MakePatience() const {
    return Patience(client_, {.attempts = options_.attempts, .first_delay = options_.first_delay});
  }

  // Whether to try again after this error; if so, having waited. An upload that is busy is so with a former call of
  // this one, which the server may take a minute to find dead, or whose commit it brings to an end: that is no attempt.
  static bool Waited(Patience& patience, const absl::Status& status) {
    if (!IsPassing(status)) return false;
    return DetailsOf(status).reason == kBusy ? patience.Wait() : patience.TryAgain();
  }

  // For calls that may be repeated.
  template <typename Request, typename Response>
  absl::StatusOr<Response> CallPatiently(grpc::Status (v1::DatasetService::Stub::*method)(grpc::ClientContext*,
                                                                                          const Request&, Response*),
                                         const Request& request, absl::Duration timeout = absl::Minutes(1)) {
    Patience patience = MakePatience();
    absl::StatusOr<Response> answer = Call(client_.datasets(), method, request, timeout);
    while (!answer.ok() && Waited(patience, answer.status())) {
      answer = Call(client_.datasets(), method, request, timeout);
    }
    return answer;
  }

  absl::StatusOr<v1::Upload> Create() {
    v1::CreateUploadRequest request;
    *request.mutable_dataset() = options_.dataset;
    request.set_size_bytes(content_.size_bytes());
    request.set_request_id(NewRequestId());
    return CallPatiently(&v1::DatasetService::Stub::CreateUpload, request);
  }

  absl::StatusOr<v1::Dataset> SendAndCommit(const v1::Upload& upload) {
    RETURN_IF_ERROR(SendAll(upload.name(), upload.received_bytes()));
    return Commit(upload.name());
  }

  // Where that fails, the server does so in time.
  void Drop(const std::string& name) {
    v1::DeleteUploadRequest request;
    request.set_name(name);
    Call(client_.datasets(), &v1::DatasetService::Stub::DeleteUpload, request, kDropTimeout).status().IgnoreError();
  }

  absl::Status SendAll(const std::string& name, int64_t received) {
    Patience patience = MakePatience();
    while (received < content_.size_bytes()) {
      const absl::Status status = SendFrom(name, received);
      if (status.ok()) return status;
      if (!Waited(patience, status)) return status;
      v1::GetUploadRequest request;
      request.set_name(name);
      ASSIGN_OR_RETURN(const v1::Upload upload, CallPatiently(&v1::DatasetService::Stub::GetUpload, request));
      if (upload.received_bytes() > received) patience.Reset();
      received = upload.received_bytes();
    }
    return absl::OkStatus();
  }

  // One stream, from `offset` to the end.
  absl::Status SendFrom(const std::string& name, int64_t offset) {
    grpc::ClientContext context;
    v1::Upload answer;
    const std::unique_ptr<grpc::ClientWriter<v1::UploadDataRequest>> stream =
        client_.datasets().UploadData(&context, &answer);
    v1::UploadDataRequest chunk;
    chunk.set_upload(name);
    while (offset < content_.size_bytes()) {
      const int64_t count = std::min(options_.chunk_bytes, content_.size_bytes() - offset);
      absl::StatusOr<std::string> data = content_.Read(offset, count);
      if (!data.ok()) {
        context.TryCancel();
        stream->Finish();
        return data.status();
      }
      chunk.set_offset(offset);
      chunk.set_crc32c(Crc32c(*data));
      chunk.set_data(*std::move(data));
      if (!stream->Write(chunk)) return ToStatus(stream->Finish());
      chunk.clear_upload();
      offset += count;
      if (options_.progress) options_.progress(offset, content_.size_bytes());
    }
    stream->WritesDone();
    return ToStatus(stream->Finish());
  }

  absl::StatusOr<v1::Dataset> Commit(const std::string& name) {
    v1::CommitUploadRequest request;
    request.set_name(name);
    request.set_digest(options_.digest);
    return CallPatiently(&v1::DatasetService::Stub::CommitUpload, request, absl::InfiniteDuration());
  }

  Client& client_;
  const UploadOptions& options_;
  const FileSequence content_;
};

}  // namespace

absl::StatusOr<v1::Dataset> Upload(Client& client, const UploadOptions& options) {
  ASSIGN_OR_RETURN(FileSequence content, FileSequence::Open(options.paths));
  return Uploader(client, options, std::move(content)).Run();
}

}  // namespace trainyard::client
