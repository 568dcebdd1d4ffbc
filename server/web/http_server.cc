#include "server/web/http_server.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "server/base/address.h"

namespace trainyard {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr size_t kForgottenBytes = 4096;

// What all connections share.
struct Shared {
  const HttpServer::Routes routes;
  const HttpLimits limits;
  int connections = 0;
};

HttpResponse Plain(unsigned status, std::string sentence) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = sentence + "\n"};
}

HttpResponse Answer(const HttpServer::Routes& routes, http::verb verb, std::string_view target) {
  const size_t end = std::min(target.find('?'), target.size());
  const HttpRequest request{.path = std::string(target.substr(0, end)),
                            .query = std::string(target.substr(std::min(end + 1, target.size())))};
  const auto route = routes.find(request.path);
  if (route == routes.end()) return Plain(404, "there is nothing at this path");
  if (verb != http::verb::get && verb != http::verb::head) return Plain(405, "only GET and HEAD are answered here");
  return route->second(request);
}

// The answer to a request that can't be read; nullopt: there is nobody to answer.
std::optional<HttpResponse> AnswerToError(ErrorCode error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return Plain(431, "the request's head is too long");
  if (error == http::error::body_limit) return Plain(413, "a request may have no body here");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return Plain(400, absl::StrCat("the request can't be read: ", error.message()));
  return std::nullopt;
}

// Lives as long as it waits for something.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, std::shared_ptr<Shared> shared)
      : stream_(std::move(socket)), buffer_(shared->limits.head_bytes + kForgottenBytes), shared_(std::move(shared)) {
    ++shared_->connections;
  }
  ~HttpConnection() { --shared_->connections; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.head_bytes));
    parser_->body_limit(0);
    Wait();
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](ErrorCode error, size_t) { self->OnRead(error); });
  }

 private:
  void Wait() { stream_.expires_after(absl::ToChronoNanoseconds(shared_->limits.patience)); }

  void OnRead(ErrorCode error) {
    if (error) {
      const std::optional<HttpResponse> answer = AnswerToError(error);
      if (answer.has_value()) Write(*answer, http::verb::get, 11, false);
      return;
    }
    const auto& request = parser_->get();
    const beast::string_view target = request.target();
    Write(Answer(shared_->routes, request.method(), {target.data(), target.size()}), request.method(),
          request.version(), request.keep_alive());
  }

  void Write(const HttpResponse& answer, http::verb verb, unsigned version, bool keep_alive) {
    response_ = {};
    response_.version(version);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    response_.set("X-Content-Type-Options", "nosniff");
    if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.keep_alive(keep_alive);
    response_.body() = answer.body;
    response_.prepare_payload();
    if (verb == http::verb::head) response_.body().clear();  // the length stays
    Wait();
    http::async_write(stream_, response_, [self = shared_from_this(), keep_alive](ErrorCode error, size_t) {
      if (error) return;
      if (keep_alive) return self->Read();
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
      self->Forget();
    });
  }

  // Reads what still comes, for as long as patience lasts: closing before that may take the answer away from who still sends.
  void Forget() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kForgottenBytes), [self = shared_from_this()](ErrorCode error, size_t) {
      if (!error) self->Forget();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

class HttpServer::Parts {
 public:
  Parts(Routes routes, const HttpLimits& limits)
      : shared_(std::make_shared<Shared>(Shared{.routes = std::move(routes), .limits = limits})) {}

  ~Parts() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const std::string& address) {
    ASSIGN_OR_RETURN(const HostAndPort where, SplitAddress("--http", address));
    ErrorCode error;
    const auto found = tcp::resolver(context_).resolve(where.host, where.port, error);
    if (error)
      return FieldError("--http", address, absl::StrCat("an address that can be found (", error.message(), ")"));
    const tcp::endpoint endpoint = *found.begin();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(absl::StrCat("can't listen on ", address, ": ", error.message()));
    address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", acceptor_.local_endpoint().port());
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return AcceptLater();
      if (shared_->connections < shared_->limits.connections) {
        std::make_shared<HttpConnection>(std::move(socket), shared_)->Read();
      }
      Accept();
    });
  }

  // There may be no descriptor left: the next try comes when some may have been closed.
  void AcceptLater() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](ErrorCode error) {
      if (!error) Accept();
    });
  }

  const std::shared_ptr<Shared> shared_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::string address_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, Routes routes,
                                                              const HttpLimits& limits) {
  auto parts = std::make_unique<Parts>(std::move(routes), limits);
  RETURN_IF_ERROR(parts->Listen(address));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

const std::string& HttpServer::address() const { return parts_->address(); }

}  // namespace trainyard
