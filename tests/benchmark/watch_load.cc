// Reads many equal streams at once and counts what arrives, at as little cost as may be: messages stay bytes.
//
//   watch_load ADDRESS METHOD REQUEST_FILE STREAMS [FIRST_MESSAGE_FILE]
//
// METHOD streams WatchResponses, as /trainyard.v1.WatchService/Watch does. Prints messages, bytes, points (steps of
// metric chunks) and the seconds from the first call to the end of the last stream. Writes the first message with
// metrics to FIRST_MESSAGE_FILE.

#include <algorithm>
#include <atomic>
#include <deque>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "tests/benchmark/load.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr int kStreamsPerConnection = 100;

// Calls `visit` at the start of each length-delimited field of this number, within its bounds; skips all others.
template <typename Visit>
void ForEachField(CodedInputStream& in, int number, const Visit& visit) {
  while (const uint32_t tag = in.ReadTag()) {
    if (tag != WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) {
      if (!WireFormatLite::SkipField(&in, tag)) Fail("a message can't be read");
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size)) Fail("a message can't be read");
    const auto limit = in.PushLimit(static_cast<int>(size));
    visit();
    in.Skip(in.BytesUntilLimit());
    in.PopLimit(limit);
  }
}

int64_t StepCount(CodedInputStream& chunk) {
  constexpr uint32_t kTag =
      WireFormatLite::MakeTag(v1::MetricChunk::kStepCountFieldNumber, WireFormatLite::WIRETYPE_VARINT);
  uint64_t count = 0;
  while (const uint32_t tag = chunk.ReadTag()) {
    if (tag == kTag) {
      chunk.ReadVarint64(&count);
      break;
    }
    if (!WireFormatLite::SkipField(&chunk, tag)) Fail("a chunk can't be read");
  }
  return static_cast<int64_t>(count);
}

int64_t CountPoints(grpc::ByteBuffer& message) {
  grpc::ProtoBufferReader reader(&message);
  CodedInputStream in(&reader);
  int64_t points = 0;
  ForEachField(in, v1::WatchResponse::kEventsFieldNumber,
               [&] { ForEachField(in, v1::Event::kMetricsFieldNumber, [&] { points += StepCount(in); }); });
  return points;
}

std::string Flatten(const grpc::ByteBuffer& message) {
  grpc::Slice slice;
  FailUnlessOk(message.DumpToSingleSlice(&slice));
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

class Stream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Stream(grpc::GenericStub& stub, const std::string& method, const std::string& request, absl::BlockingCounter& running)
      : request_(Buffer(request)), running_(running) {
    stub.PrepareBidiStreamingCall(&context_, method, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&message_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++messages_;
    bytes_ += static_cast<int64_t>(message_.Length());
    const int64_t points = CountPoints(message_);
    if (points_ == 0 && points > 0) first_ = message_;
    points_ += points;
    StartRead(&message_);
  }

  void OnDone(const grpc::Status& status) override {
    FailUnlessOk(status);
    running_.DecrementCount();
  }

  // When it has ended.
  int64_t messages() const { return messages_; }
  int64_t bytes() const { return bytes_; }
  int64_t points() const { return points_; }
  const grpc::ByteBuffer& first() const { return first_; }

 private:
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer first_;
  absl::BlockingCounter& running_;
  int64_t messages_ = 0;
  int64_t bytes_ = 0;
  int64_t points_ = 0;
};

int Main(int argc, char** argv) {
  if (argc < 5) Fail("usage: watch_load ADDRESS METHOD REQUEST_FILE STREAMS [FIRST_MESSAGE_FILE]");
  const std::string request = ReadFile(argv[3]);
  const int count = std::atoi(argv[4]);
  std::vector<grpc::GenericStub> stubs;
  for (int i = 0; i < count; i += kStreamsPerConnection) stubs.emplace_back(Connect(argv[1]));

  absl::BlockingCounter running(count);
  std::deque<Stream> streams;
  const auto begin = Clock::now();
  for (int i = 0; i < count; ++i) streams.emplace_back(stubs[i / kStreamsPerConnection], argv[2], request, running);
  running.Wait();
  const double seconds = MillisecondsSince(begin) / 1000;

  int64_t messages = 0, bytes = 0, points = 0;
  for (const Stream& stream : streams) {
    messages += stream.messages();
    bytes += stream.bytes();
    points += stream.points();
  }
  std::printf("%lld %lld %lld %.6f\n", static_cast<long long>(messages), static_cast<long long>(bytes),
              static_cast<long long>(points), seconds);
  if (argc > 5) std::ofstream(argv[5], std::ios::binary) << Flatten(streams.front().first());
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
