// WatchService. Messages are raw bytes, put together from what the log keeps ready-made.

#ifndef TRAINYARD_SERVER_RPC_WATCH_SERVICE_H_
#define TRAINYARD_SERVER_RPC_WATCH_SERVICE_H_

#include "server/rpc/gate.h"
#include "server/rpc/watch_session.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard {

class WatchService final : public v1::WatchService::WithRawCallbackMethod_Watch<v1::WatchService::Service> {
 public:
  // Both must outlive this.
  WatchService(const WatchServices& services, const Gate& gate) : services_(services), gate_(gate) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;

 private:
  const WatchServices services_;
  const Gate& gate_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_WATCH_SERVICE_H_
