// The pages for whoever operates the server: /metrics for Prometheus, /live and /ready for probes.

#ifndef TRAINYARD_SERVER_WEB_OPERATOR_PAGES_H_
#define TRAINYARD_SERVER_WEB_OPERATOR_PAGES_H_

#include "server/rpc/observed.h"
#include "server/web/http_server.h"

namespace trainyard {

// /live answers 200 as long as the server runs; /ready 200 while it takes new work, else 503 and why. `observed` must outlive the routes.
HttpServer::Routes OperatorPages(const Observed& observed);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WEB_OPERATOR_PAGES_H_
