#include "client/cli/list_pages.h"

#include <limits>

namespace trainyard::cli {

void AddLimit(CLI::App& command, int64_t& limit) {
  command.add_option("--limit", limit, "At most so many")
      ->check(CLI::Range(int64_t{1}, std::numeric_limits<int64_t>::max()).description(""))
      ->capture_default_str();
}

void TellOfMore(const Session& session, const ListOptions& options, const std::string& next_page_token) {
  if (next_page_token.empty()) return;
  session.console.err << "trainyard: there are more than these " << options.limit << "; --limit " << 10 * options.limit
                      << " shows more\n";
}

}  // namespace trainyard::cli
