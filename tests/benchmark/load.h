// What the load programs share: connections, and requests that come from files as they go over the wire.

#ifndef TRAINYARD_TESTS_BENCHMARK_LOAD_H_
#define TRAINYARD_TESTS_BENCHMARK_LOAD_H_

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"

namespace trainyard {

using Clock = std::chrono::steady_clock;

inline double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Ends the program.
[[noreturn]] inline void Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

inline void FailUnlessOk(const grpc::Status& status) {
  if (!status.ok()) Fail("error " + std::to_string(status.error_code()) + ": " + status.error_message());
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(path + ": can't be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline grpc::ByteBuffer Buffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// A connection of its own that stands.
inline std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    Fail(address + ": can't be reached");
  }
  return channel;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_BENCHMARK_LOAD_H_
