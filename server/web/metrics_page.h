// The page /metrics: what a server counts, in Prometheus's text format.
//
// Names, units and meanings stand on the page itself. Durations are seconds, sizes bytes; what ends with _total only rises while the
// server lives.

#ifndef TRAINYARD_SERVER_WEB_METRICS_PAGE_H_
#define TRAINYARD_SERVER_WEB_METRICS_PAGE_H_

#include <string>

#include "server/rpc/observed.h"

namespace trainyard {

// Takes locks and looks at the disk: never on a gRPC thread or a worker.
std::string MetricsPage(const Observed& observed);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WEB_METRICS_PAGE_H_
