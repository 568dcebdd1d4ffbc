#include "server/rpc/upload_stream.h"

#include "core/base/status.h"
#include "server/rpc/reply.h"

namespace trainyard {

UploadStream::UploadStream(Admission admission, DatasetTable& datasets, WorkerPool& pool, v1::Upload* response)
    : admission_(std::move(admission)), datasets_(datasets), pool_(pool), response_(response) {
  if (admission_.status().ok()) {
    StartRead(&request_);
  } else {
    pool_.Submit([this] { End(admission_.status()); });
  }
}

void UploadStream::OnReadDone(bool ok) {
  pool_.Submit([this, ok] {
    if (!ok) return End(Close());
    if (const absl::Status status = Write(); !status.ok()) {
      // What arrived before is kept, and the upload is free again when the client hears of the error.
      if (writer_ != nullptr) Close().IgnoreError();
      return End(status);
    }
    StartRead(&request_);
  });
}

absl::Status UploadStream::Write() {
  if (writer_ == nullptr) {
    upload_ = request_.upload();
    ASSIGN_OR_RETURN(writer_, datasets_.Write(upload_));
  }
  return writer_->Write(request_.offset(), request_.crc32c(), request_.data());
}

// The client has half-closed, or has gone: what arrived is kept either way.
absl::Status UploadStream::Close() {
  if (writer_ == nullptr) return FieldError("upload", "unset", "the name of an upload, on the first message");
  ASSIGN_OR_RETURN(*response_, writer_->Finish());
  writer_.reset();
  return absl::OkStatus();
}

void UploadStream::End(const absl::Status& status) {
  admission_.Record(status, upload_);
  Finish(ToGrpcStatus(status));
}

void UploadStream::OnDone() { delete this; }

}  // namespace trainyard
