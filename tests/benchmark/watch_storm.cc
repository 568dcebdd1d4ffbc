// Connections that begin a watch, read until its first message, and are dropped as when a program dies.
//
//   watch_storm ADDRESS REQUEST_FILE RATE SECONDS        ADDRESS: HOST:PORT, numeric; REQUEST_FILE: a WatchRequest
//
// Prints how many a second came that far. Fails where one is refused or cut off. Its sockets are its own: a client of gRPC
// costs more than the server.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <initializer_list>
#include <thread>
#include <utility>
#include <vector>

#include "tests/benchmark/load.h"

namespace trainyard {
namespace {

constexpr int kThreads = 4;

enum FrameType : uint8_t { kData = 0, kHeaders = 1, kSettings = 4 };
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;

std::string Frame(FrameType type, uint8_t flags, uint8_t stream, const std::string& payload) {
  const size_t size = payload.size();
  std::string frame;
  for (const int shift : {16, 8, 0}) frame.push_back(static_cast<char>(size >> shift));
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  frame.append(3, '\0').push_back(static_cast<char>(stream));
  return frame + payload;
}

// HPACK: literals without indexing, shorter than 127.
std::string Headers(const std::string& authority) {
  std::string block;
  const std::initializer_list<std::pair<std::string, std::string>> fields = {
      {":method", "POST"},
      {":scheme", "http"},
      {":path", "/trainyard.v1.WatchService/Watch"},
      {":authority", authority},
      {"content-type", "application/grpc"},
      {"te", "trailers"}};
  for (const auto& [name, value] : fields) {
    block.push_back('\0');
    for (const std::string& text : {name, value}) block.append(1, static_cast<char>(text.size())).append(text);
  }
  return block;
}

std::string Opening(const std::string& authority, const std::string& message) {
  std::string body(1, '\0');
  for (const int shift : {24, 16, 8, 0}) body.push_back(static_cast<char>(message.size() >> shift));
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, "") +
         Frame(kHeaders, kEndHeaders, 1, Headers(authority)) + Frame(kData, kEndStream, 1, body + message);
}

void Receive(int connection, char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(connection, bytes, size, 0);
    if (got <= 0) Fail("the server cut a connection off");
    bytes += got;
    size -= static_cast<size_t>(got);
  }
}

// To the first frame of data.
void ReadMessage(int connection) {
  while (true) {
    uint8_t head[9];
    Receive(connection, reinterpret_cast<char*>(head), sizeof(head));
    std::string payload(size_t{head[0]} << 16 | size_t{head[1]} << 8 | head[2], '\0');
    Receive(connection, payload.data(), payload.size());
    if (head[3] == kData) return;
    if (head[3] == kHeaders && (head[4] & kEndStream) != 0) Fail("the server refused a watch");
  }
}

void WatchAndDrop(const sockaddr_in& address, const std::string& opening) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0 || connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Fail(std::string("can't connect: ") + std::strerror(errno));
  }
  if (send(connection, opening.data(), opening.size(), 0) != static_cast<ssize_t>(opening.size())) Fail("can't send");
  ReadMessage(connection);
  // Without a good-bye, and without a port that waits.
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(connection);
}

sockaddr_in Parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) Fail(text + ": not HOST:PORT");
  return address;
}

int Main(int argc, char** argv) {
  if (argc < 5) Fail("usage: watch_storm ADDRESS REQUEST_FILE RATE SECONDS");
  const sockaddr_in address = Parse(argv[1]);
  const std::string opening = Opening(argv[1], ReadFile(argv[2]));
  const double rate = std::atof(argv[3]);
  const int count = static_cast<int>(rate * std::atof(argv[4]));
  std::atomic<int> next = 0;
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = next++; k < count; k = next++) {
        std::this_thread::sleep_until(
            begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(k / rate)));
        WatchAndDrop(address, opening);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%.3f\n", count / MillisecondsSince(begin) * 1000);
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
