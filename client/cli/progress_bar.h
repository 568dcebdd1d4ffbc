// One line on a terminal that shows how much of a file has passed.

#ifndef TRAINYARD_CLIENT_CLI_PROGRESS_BAR_H_
#define TRAINYARD_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "client/cli/session.h"

namespace trainyard::cli {

class ProgressBar {
 public:
  ProgressBar(std::ostream& err, const std::string& title);

  // Takes its line away again.
  ~ProgressBar();

  // Drawn at most ten times a second, and when all is done.
  void Show(int64_t done, int64_t total);

 private:
  std::ostream& err_;
  const std::string title_;
  const absl::Time start_;
  absl::Time next_ = absl::InfinitePast();
};

// Shows a bar where standard error is a terminal, else nothing; for as long as the function lives.
std::function<void(int64_t done, int64_t total)> BytesProgress(const Session& session, const std::string& title);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_PROGRESS_BAR_H_
