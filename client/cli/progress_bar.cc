#include "client/cli/progress_bar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

constexpr int kBarWidth = 30;

}  // namespace

ProgressBar::ProgressBar(std::ostream& err, const std::string& title) : err_(err), title_(title), start_(absl::Now()) {}

ProgressBar::~ProgressBar() { err_ << "\r\x1b[K" << std::flush; }

void ProgressBar::Show(int64_t done, int64_t total) {
  const absl::Time now = absl::Now();
  if (now < next_ && done < total) return;
  next_ = now + absl::Milliseconds(100);
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < static_cast<int>(fraction * kBarWidth) ? "━" : "─";
  const double seconds = std::max(absl::ToDoubleSeconds(now - start_), 1e-3);
  const auto rate = static_cast<int64_t>(static_cast<double>(done) / seconds);
  err_ << absl::StrFormat("\r%s %s %3.0f%%  %s of %s  %s/s\x1b[K", title_, bar, 100 * fraction, BytesText(done),
                          BytesText(total), BytesText(rate))
       << std::flush;
}

std::function<void(int64_t, int64_t)> BytesProgress(const Session& session, const std::string& title) {
  if (!session.console.err_is_terminal) return nullptr;
  const auto bar = std::make_shared<ProgressBar>(session.console.err, title);
  return [bar](int64_t done, int64_t total) { bar->Show(done, total); };
}

}  // namespace trainyard::cli
