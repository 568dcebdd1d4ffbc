#include "server/rpc/watch_message.h"

#include <cstdint>

namespace trainyard {
namespace {

// Field number and wire type 2, then the size as a varint.
std::string FieldPrefix(int field, uint64_t size) {
  std::string prefix(1, static_cast<char>(field << 3 | 2));
  while (size >= 0x80) {
    prefix.push_back(static_cast<char>((size & 0x7F) | 0x80));
    size >>= 7;
  }
  prefix.push_back(static_cast<char>(size));
  return prefix;
}

using SharedBytes = std::shared_ptr<const std::string>;

void Release(void* shared) { delete static_cast<SharedBytes*>(shared); }

}  // namespace

void WatchMessage::AddEvent(SharedBytes event) {
  slices_.emplace_back(FieldPrefix(v1::WatchResponse::kEventsFieldNumber, event->size()));
  const std::string& bytes = *event;
  slices_.emplace_back(const_cast<char*>(bytes.data()), bytes.size(), Release, new SharedBytes(std::move(event)));
}

void WatchMessage::Add(const v1::WatchResponse& response) { slices_.emplace_back(response.SerializeAsString()); }

grpc::ByteBuffer WatchMessage::Finish() && { return grpc::ByteBuffer(slices_.data(), slices_.size()); }

}  // namespace trainyard
