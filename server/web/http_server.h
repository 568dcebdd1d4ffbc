// A small HTTP/1.1 server on a thread of its own: exact paths, one request at a time on a connection, everything bounded.

#ifndef TRAINYARD_SERVER_WEB_HTTP_SERVER_H_
#define TRAINYARD_SERVER_WEB_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trainyard {

struct HttpRequest {
  std::string path;   // without the query
  std::string query;  // after the `?`
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpLimits {
  // A request with a longer head is answered 431; one with a body 413.
  size_t head_bytes = 8 << 10;

  // Beyond these a connection is closed as soon as it is there.
  int connections = 64;

  // A connection that takes longer to send a request, to read the answer or to think of its next request is closed.
  absl::Duration patience = absl::Seconds(10);
};

// Answers GET and HEAD; other methods 405, other paths 404.
class HttpServer {
 public:
  // Runs on the server's thread, one at a time: others wait for it.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  using Routes = std::map<std::string, Handler>;  // by path

  // `address`: host:port, port 0 for any that is free. INVALID_ARGUMENT: not an address. UNAVAILABLE: it can't be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, Routes routes,
                                                           const HttpLimits& limits = {});

  // Closes all connections.
  ~HttpServer();

  // Where it really listens.
  const std::string& address() const;

 private:
  class Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WEB_HTTP_SERVER_H_
