// The bare service that a watch is compared with: each call, whatever its method, gets the same bytes again and again.
//
//   raw_stream MESSAGE_FILE COUNT        prints `listening on ADDRESS`; ends with its standard input

#include <iostream>

#include "grpcpp/generic/async_generic_service.h"
#include "tests/benchmark/load.h"

namespace trainyard {
namespace {

class Stream final : public grpc::ServerGenericBidiReactor {
 public:
  Stream(const grpc::ByteBuffer& message, int64_t count) : message_(message), left_(count) { StartRead(&request_); }

  void OnReadDone(bool) override { WriteNext(); }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    WriteNext();
  }

  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (left_-- == 0) return Finish(grpc::Status::OK);
    StartWrite(&message_);
  }

  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  int64_t left_;
};

class RawService final : public grpc::CallbackGenericService {
 public:
  RawService(const std::string& message, int64_t count) : message_(Buffer(message)), count_(count) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Stream(message_, count_);
  }

 private:
  const grpc::ByteBuffer message_;
  const int64_t count_;
};

int Main(int argc, char** argv) {
  if (argc < 3) Fail("usage: raw_stream MESSAGE_FILE COUNT");
  RawService service(ReadFile(argv[1]), std::atoll(argv[2]));
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) Fail("no port can be had");
  std::cout << "listening on 127.0.0.1:" << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  server->Shutdown();
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
