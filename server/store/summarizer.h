// Sums a job's events up as they are numbered.

#ifndef TRAINYARD_SERVER_STORE_SUMMARIZER_H_
#define TRAINYARD_SERVER_STORE_SUMMARIZER_H_

#include <array>
#include <cstdint>
#include <vector>

#include "server/store/metric_summary.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {

// A summary is complete, and told, once it covers 64 cells of its level; each is made of those of the level below. What is not yet in one
// is in memory alone: it is dropped, never to be summed up, where the numbers do not go on by one (a server that starts, a write that
// failed), where another attempt begins, and where steps do not rise. So a summary covers one attempt.
//
// Not thread-safe.
class Summarizer {
 public:
  // Takes an event with its number. Returns the summaries that it completes; to be stored with the event, or not at all.
  std::vector<MetricSummary> Add(const v1::Event& event);

 private:
  using Complete = std::vector<MetricSummary>;

  bool Follows(const v1::Event& event) const;
  void Drop();
  void MakeRoom(int level, int64_t end_step, Complete& complete);
  void CloseIfFull(int level, Complete& complete);
  void Close(int level, Complete& complete);

  int64_t newest_ = 0;  // number taken
  std::array<MetricSummary, kCoarsestLevel> open_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_SUMMARIZER_H_
