// Bytes that are taken for a request of HTTP: an answer or none, and the server goes on.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/web/http_server.h"
#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {
namespace {

std::unique_ptr<HttpServer> StartServer() {
  const HttpServer::Handler answer = [](const HttpRequest& request) { return HttpResponse{.body = request.query}; };
  auto server = HttpServer::Start("127.0.0.1:0", {{"/", answer}, {"/metrics", answer}});
  Expect(server.ok(), "a server starts", std::string(server.status().ToString()));
  return *std::move(server);
}

// What the server answers to `request`, after which nothing follows.
std::string Answer(const HttpServer& server, std::string_view request) {
  const std::string& address = server.address();
  sockaddr_in place{.sin_family = AF_INET,
                    .sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))))};
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Expect(connect(connection, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0, "the server goes on");
  // The port is free again at once.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  std::string answer;
  if (send(connection, request.data(), request.size(), MSG_NOSIGNAL) >= 0) {
    shutdown(connection, SHUT_WR);
    char bytes[4096];
    for (ssize_t count = 1; count > 0;) {
      count = recv(connection, bytes, sizeof(bytes), 0);
      if (count > 0) answer.append(bytes, static_cast<size_t>(count));
    }
  }
  close(connection);
  return answer;
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  static const std::unique_ptr<HttpServer> server = fuzz::StartServer();
  const std::string answer = fuzz::Answer(*server, {reinterpret_cast<const char*>(data), size});
  fuzz::Expect(answer.empty() || answer.starts_with("HTTP/1."), "an answer is one of HTTP", answer);
  return 0;
}
