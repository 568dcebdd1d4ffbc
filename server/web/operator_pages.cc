#include "server/web/operator_pages.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/web/metrics_page.h"

namespace trainyard {
namespace {

HttpResponse Ready(const Readiness& readiness) {
  const absl::Status status = readiness.Check();
  if (status.ok()) return {.body = "ready\n"};
  std::string why = absl::StrCat(ErrorReason(status), ": ");
  absl::StrAppend(&why, status.message(), "\n");
  return {.status = 503, .body = std::move(why)};
}

}  // namespace

HttpServer::Routes OperatorPages(const Observed& observed) {
  return {
      {"/metrics",
       [&observed](const HttpRequest&) {
         return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = MetricsPage(observed)};
       }},
      {"/live", [](const HttpRequest&) { return HttpResponse{.body = "live\n"}; }},
      {"/ready", [&observed](const HttpRequest&) { return Ready(observed.readiness); }},
  };
}

}  // namespace trainyard
