#include "server/rpc/watch_service.h"

namespace trainyard {
namespace {

// The gRPC side of a session: owns the message on its way, and deletes itself when gRPC is done with it.
class WatchReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public WatchSession::Stream {
 public:
  WatchReactor(grpc::CallbackServerContext* context, const WatchServices& services, Admission admission,
               v1::WatchRequest request)
      : context_(context),
        session_(std::make_shared<WatchSession>(services, std::move(admission), std::move(request), this)) {
    session_->Start();
  }

  void OnWriteDone(bool ok) override { session_->OnWriteDone(ok); }
  void OnCancel() override { session_->OnCancel(); }
  void OnDone() override {
    session_->OnDone();
    delete this;
  }

 private:
  void Write(grpc::ByteBuffer message) override {
    message_ = std::move(message);
    StartWrite(&message_);
  }
  void Finish(grpc::Status status) override { grpc::ServerWriteReactor<grpc::ByteBuffer>::Finish(status); }

  void Cancel() override { context_->TryCancel(); }

  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<WatchSession> session_;
  grpc::ByteBuffer message_;
};

// A call that can't be read at all.
class RefusedWatch final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  RefusedWatch() { Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the request is not a WatchRequest")); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchService::Watch(grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) {
  v1::WatchRequest parsed;
  grpc::ByteBuffer bytes(*request);
  if (!grpc::GenericDeserialize<grpc::ProtoBufferReader, v1::WatchRequest>(&bytes, &parsed).ok())
    return new RefusedWatch();
  return new WatchReactor(context, services_, gate_.Authorize(*context, Role::kRead, parsed), std::move(parsed));
}

}  // namespace trainyard
