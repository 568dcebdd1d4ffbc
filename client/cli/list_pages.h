// What the commands that list have in common.

#ifndef TRAINYARD_CLIENT_CLI_LIST_PAGES_H_
#define TRAINYARD_CLIENT_CLI_LIST_PAGES_H_

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <string>

#include "client/cli/session.h"
#include "client/cpp/client.h"

namespace trainyard::cli {

struct ListOptions {
  std::string filter;
  int64_t limit = 100;
};

// `--limit`, from 1 on.
void AddLimit(CLI::App& command, int64_t& limit);

// Where a printed list is not the whole one: how to see more, on standard error.
void TellOfMore(const Session& session, const ListOptions& options, const std::string& next_page_token);

// All pages in one response, up to `limit` items; `count` tells how many a response holds. The next page's token stays
// where there is more.
template <typename Stub, typename Request, typename Response, typename Count>
absl::StatusOr<Response> ListPages(Stub& stub,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   Request request, int64_t limit, Count count) {
  Response all;
  do {
    request.set_page_size(static_cast<int32_t>(std::min<int64_t>(limit - count(all), 1000)));
    absl::StatusOr<Response> page = client::Call(stub, method, request);
    if (!page.ok()) return page;
    request.set_page_token(page->next_page_token());
    all.clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty() && count(all) < limit);
  return all;
}

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_LIST_PAGES_H_
