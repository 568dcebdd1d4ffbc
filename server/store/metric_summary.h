// What a run of a job's events says of its metrics in short: of each cell of steps and each series the smallest and the largest value.
// Charts of long jobs are made of it.
//
// There are levels, finest first. A cell of a level is the steps k * n .. k * n + n - 1, where n is the level's cell length and k an
// integer: the same whichever events a summary covers, so that a cell may lie in two summaries, each with the part that it covers.

#ifndef TRAINYARD_SERVER_STORE_METRIC_SUMMARY_H_
#define TRAINYARD_SERVER_STORE_METRIC_SUMMARY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "trainyard/v1/metric.pb.h"

namespace trainyard {

// Levels count from 1.
inline constexpr std::array<int64_t, 2> kCellSteps = {64, 4096};
inline constexpr int kCoarsestLevel = kCellSteps.size();
inline constexpr int64_t CellSteps(int level) { return kCellSteps[level - 1]; }

// Of some steps of a cell. Offsets count from the cell's first step; of equal values the first step counts. NaN is neither smallest nor
// largest: where all values are NaN, both are the first of them.
struct Extrema {
  double minimum = 0;
  double maximum = 0;
  uint16_t minimum_offset = 0;
  uint16_t maximum_offset = 0;
  uint16_t count = 0;  // of values; 0: the rest says nothing
  uint16_t unused = 0;

  // Adds what later steps have; their offsets count from `shift`.
  void Add(const Extrema& later, int shift);
};

struct SummaryColumn {
  v1::Series series;
  std::vector<Extrema> cells;  // from the one of the summary's first step to the one of its last
};

struct MetricSummary {
  int level = 1;

  // Of the events that it covers, all of them.
  int64_t first_sequence = 0;
  int64_t last_sequence = 0;
  int32_t attempt = 0;
  int64_t least_event_step = 0;

  // Of those, the numbers that have no metrics, ascending.
  std::vector<int64_t> others;

  // The steps with metrics lie in first_step .. end_step - 1; equal: none.
  int64_t first_step = 0;
  int64_t end_step = 0;
  std::vector<SummaryColumn> columns;

  int64_t first_cell() const { return first_step / CellSteps(level); }
  int64_t cell_count() const {
    return first_step == end_step ? 0 : (end_step - 1) / CellSteps(level) - first_cell() + 1;
  }
};

// `others` and `columns` as bytes, and back; the other members must be set already. DATA_LOSS: not such bytes.
std::string EncodeContent(const MetricSummary& summary);
absl::Status DecodeContent(std::string_view bytes, MetricSummary* summary);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_METRIC_SUMMARY_H_
