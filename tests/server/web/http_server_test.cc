#include "server/web/http_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

HttpServer::Routes Echo() {
  return {{"/echo", [](const HttpRequest& request) { return HttpResponse{.body = request.query}; }}};
}

// A connection that is spoken to in bytes.
class Caller {
 public:
  explicit Caller(const HttpServer& server) {
    const std::string& address = server.address();
    const size_t colon = address.rfind(':');
    asio::connect(socket_, tcp::resolver(context_).resolve(address.substr(0, colon), address.substr(colon + 1)));
  }
  Caller& Send(std::string_view bytes) {
    asio::write(socket_, asio::buffer(bytes));
    return *this;
  }
  // All that comes until the server closes.
  std::string Rest() {
    std::string bytes;
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(bytes), error);
    return bytes;
  }

 private:
  asio::io_context context_;
  tcp::socket socket_{context_};
};

TEST(HttpServerTest, ARouteIsAskedWithTheQueryAndItsAnswerIsSent) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo()).value();
  const std::string answer =
      Caller(*server).Send("GET /echo?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").Rest();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\na=1"));
}

TEST(HttpServerTest, AnOldClientIsAnsweredAndTheConnectionClosed) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo()).value();
  EXPECT_THAT(Caller(*server).Send("GET /echo HTTP/1.0\r\n\r\n").Rest(), StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST(HttpServerTest, WhoTakesTooLongToSendARequestIsCutOff) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo(), {.patience = absl::Milliseconds(50)}).value();
  EXPECT_EQ(Caller(*server).Send("GET /echo HTTP/1.1\r\nHo").Rest(), "");
}

TEST(HttpServerTest, WhoSendsNoSecondRequestIsCutOffAsWell) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo(), {.patience = absl::Milliseconds(50)}).value();
  EXPECT_THAT(Caller(*server).Send("GET /echo?b HTTP/1.1\r\nHost: x\r\n\r\n").Rest(), EndsWith("\r\n\r\nb"));
}

TEST(HttpServerTest, ALongHeadIsRefusedBeforeAllOfItHasCome) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo(), {.head_bytes = 100}).value();
  const std::string head = absl::StrCat("GET /echo HTTP/1.1\r\nX: ", std::string(200, 'x'));
  EXPECT_THAT(Caller(*server).Send(head).Rest(), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServerTest, ABodyIsRefusedBeforeItHasCome) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo()).value();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
  EXPECT_THAT(Caller(*server).Send(head).Rest(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServerTest, TheServerGoesWhileConnectionsAreOpen) {
  auto server = HttpServer::Start("127.0.0.1:0", Echo()).value();
  Caller idle(*server);
  Caller half(*server);
  half.Send("GET /ec");
  server.reset();
  EXPECT_EQ(idle.Rest(), "");
  EXPECT_EQ(half.Rest(), "");
}

TEST(HttpServerTest, APortInUseIsUnavailableAndWhatIsNoAddressIsAFieldError) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo()).value();
  EXPECT_TRUE(absl::IsUnavailable(HttpServer::Start(server->address(), Echo()).status()));
  for (const char* address : {"", "50552", "127.0.0.1:", ":50552", "unix:/tmp/socket"}) {
    EXPECT_THAT(std::string(HttpServer::Start(address, Echo()).status().message()), HasSubstr("must be HOST:PORT"))
        << address;
  }
}

}  // namespace
}  // namespace trainyard
