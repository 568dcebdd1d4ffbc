#include "server/rpc/export_stream.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "server/rpc/reply.h"

namespace trainyard {
namespace {

constexpr size_t kPieceBytes = 512 * 1024;

}  // namespace

ExportStream::ExportStream(const grpc::CallbackServerContext& context, const Admission& admission, ModelTable& models,
                           WorkerPool& pool, v1::ExportModelRequest request)
    : request_(std::move(request)) {
  pool.Submit([this, &context, &models, admission] {
    const absl::Status why_not = WhyNot(context, admission);
    absl::StatusOr<std::string> file = why_not.ok() ? models.Export(request_) : absl::StatusOr<std::string>(why_not);
    admission.Record(file.status());
    if (!file.ok()) return Finish(ToGrpcStatus(file.status()));
    file_ = *std::move(file);
    WriteNext();
  });
}

void ExportStream::OnWriteDone(bool ok) {
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller has gone"));
  WriteNext();
}

void ExportStream::WriteNext() {
  if (written_ == file_.size()) return Finish(grpc::Status::OK);
  const std::string_view piece = std::string_view(file_).substr(written_, kPieceBytes);
  response_.set_offset(static_cast<int64_t>(written_));
  response_.set_size_bytes(static_cast<int64_t>(file_.size()));
  response_.set_crc32c(Crc32c(piece));
  response_.set_data(std::string(piece));
  written_ += piece.size();
  StartWrite(&response_);
}

}  // namespace trainyard
