// A WatchResponse put together from parts that are serialised already, without copying them.
//
// The fields of a message may follow one another in any order, so a message is the sequence of its fields' bytes. Events are shared by all
// watchers that get them.

#ifndef TRAINYARD_SERVER_RPC_WATCH_MESSAGE_H_
#define TRAINYARD_SERVER_RPC_WATCH_MESSAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard {

class WatchMessage {
 public:
  // One element of WatchResponse.events.
  void AddEvent(std::shared_ptr<const std::string> event);

  // All that `response` has.
  void Add(const v1::WatchResponse& response);

  grpc::ByteBuffer Finish() &&;

 private:
  std::vector<grpc::Slice> slices_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_WATCH_MESSAGE_H_
