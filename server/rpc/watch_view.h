// What a watcher sees of a job's events: all of them, of metric chunks the series and the rate that it chose.

#ifndef TRAINYARD_SERVER_RPC_WATCH_VIEW_H_
#define TRAINYARD_SERVER_RPC_WATCH_VIEW_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/log_entry.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard {

struct WatchChoice {
  std::vector<v1::Series> series;              // empty: all
  std::optional<double> max_steps_per_second;  // nullopt: all

  // Whether events go out as the log has them.
  bool everything() const { return series.empty() && !max_steps_per_second.has_value(); }
};

// INVALID_ARGUMENT: a FieldError on `series[i]` or `max_steps_per_second`.
absl::StatusOr<WatchChoice> ReadChoice(const v1::WatchRequest& request);

// One job of one watcher. Steps are counted by the time at which the log took them, so a history is thinned as it was live.
class WatchView {
 public:
  explicit WatchView(const WatchChoice& choice) : choice_(choice) {}

  // The event as the watcher sees it: the log's own bytes where nothing is left out.
  std::shared_ptr<const std::string> See(const std::shared_ptr<const std::string>& event);

 private:
  void ThinOut(v1::Event& event);

  const WatchChoice& choice_;
  absl::Time allowed_until_ = absl::InfinitePast();
  double allowance_ = 0;  // steps that may still have values
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_WATCH_VIEW_H_
