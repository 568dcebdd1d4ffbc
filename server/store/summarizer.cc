#include "server/store/summarizer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace trainyard {
namespace {

constexpr int64_t kCells = 64;
constexpr size_t kMostOthers = 4096;

bool HasColumnsThatFit(const v1::MetricChunk& chunk) {
  if (chunk.first_step() < 0 || chunk.step_count() < 1 || !chunk.steps().empty()) return false;
  return std::all_of(chunk.columns().begin(), chunk.columns().end(), [&](const v1::MetricColumn& column) {
    return column.values_size() == 1 || column.values_size() == chunk.step_count();
  });
}

// The cells of a series, as many as the summary's steps have.
std::vector<Extrema>& CellsOf(v1::Series series, MetricSummary& summary) {
  auto column = std::find_if(summary.columns.begin(), summary.columns.end(),
                             [series](const SummaryColumn& other) { return other.series == series; });
  if (column == summary.columns.end()) column = summary.columns.insert(column, SummaryColumn{series, {}});
  column->cells.resize(summary.cell_count());
  return column->cells;
}

// The smallest and the largest of values[begin], ..., values[end - 1]; offsets count from `begin`.
Extrema ExtremaOf(const v1::MetricColumn& column, int64_t begin, int64_t end) {
  const auto count = static_cast<uint16_t>(end - begin);
  const double* const values = column.values().data();
  if (column.values_size() == 1) return {.minimum = values[0], .maximum = values[0], .count = count};
  Extrema extrema{.minimum = values[begin], .maximum = values[begin], .count = 1};
  for (int64_t i = begin + 1; i < end; ++i) {
    const double value = values[i];
    // Written so that one comparison in each direction is the rule; it fails where one of the two is NaN.
    if (value >= extrema.minimum && value <= extrema.maximum) continue;
    extrema.Add({.minimum = value, .maximum = value, .count = 1}, static_cast<int>(i - begin));
  }
  extrema.count = count;
  return extrema;
}

// Adds steps; the summary reaches at least to their end.
void AddColumn(const v1::MetricChunk& chunk, const v1::MetricColumn& column, MetricSummary& summary) {
  std::vector<Extrema>& cells = CellsOf(column.series(), summary);
  const int64_t cell_steps = CellSteps(summary.level);
  const int64_t end_step = chunk.first_step() + chunk.step_count();
  for (int64_t step = chunk.first_step(); step < end_step;) {
    const int64_t cell_end = std::min((step / cell_steps + 1) * cell_steps, end_step);
    const Extrema part = ExtremaOf(column, step - chunk.first_step(), cell_end - chunk.first_step());
    cells[step / cell_steps - summary.first_cell()].Add(part, static_cast<int>(step % cell_steps));
    step = cell_end;
  }
}

// Adds the cells of a finer level; the summary reaches at least to their end.
void AddColumn(const MetricSummary& finer, const SummaryColumn& column, MetricSummary& summary) {
  std::vector<Extrema>& cells = CellsOf(column.series, summary);
  const int64_t cell_steps = CellSteps(summary.level);
  int64_t step = finer.first_cell() * CellSteps(finer.level);
  for (const Extrema& cell : column.cells) {
    cells[step / cell_steps - summary.first_cell()].Add(cell, static_cast<int>(step % cell_steps));
    step += CellSteps(finer.level);
  }
}

// Covers the events first_sequence .. last_sequence as well.
void Extend(int64_t first_sequence, int64_t last_sequence, int64_t least_event_step, MetricSummary& summary) {
  const bool empty = summary.last_sequence == 0;
  if (empty) summary.first_sequence = first_sequence;
  summary.last_sequence = last_sequence;
  summary.least_event_step = empty ? least_event_step : std::min(summary.least_event_step, least_event_step);
}

void ExtendSteps(int64_t first_step, int64_t end_step, MetricSummary& summary) {
  if (summary.first_step == summary.end_step) summary.first_step = first_step;
  summary.end_step = end_step;
}

}  // namespace

std::vector<MetricSummary> Summarizer::Add(const v1::Event& event) {
  Complete complete;
  const bool has_metrics = event.has_metrics();
  const v1::MetricChunk& chunk = event.metrics();
  if (!Follows(event)) Drop();
  newest_ = event.sequence();
  if (has_metrics && !HasColumnsThatFit(chunk)) {
    Drop();
    return complete;
  }
  const int64_t end_step = chunk.first_step() + chunk.step_count();
  if (has_metrics) MakeRoom(1, end_step, complete);
  MetricSummary& summary = open_[0];
  Extend(newest_, newest_, event.step(), summary);
  summary.attempt = event.attempt();
  if (has_metrics) {
    ExtendSteps(chunk.first_step(), end_step, summary);
    for (const v1::MetricColumn& column : chunk.columns()) AddColumn(chunk, column, summary);
  } else {
    summary.others.push_back(newest_);
  }
  CloseIfFull(1, complete);
  return complete;
}

bool Summarizer::Follows(const v1::Event& event) const {
  if (event.sequence() != newest_ + 1) return false;
  return std::all_of(open_.begin(), open_.end(), [&event](const MetricSummary& summary) {
    if (summary.last_sequence == 0) return true;
    return event.attempt() == summary.attempt &&
           (!event.has_metrics() || event.metrics().first_step() >= summary.end_step);
  });
}

void Summarizer::Drop() { open_ = {}; }

// Steps with a long gap before them go into a summary of their own: cells of a gap hold nothing and are many.
void Summarizer::MakeRoom(int level, int64_t end_step, Complete& complete) {
  const MetricSummary& summary = open_[level - 1];
  if (summary.first_step == summary.end_step) return;
  if (end_step - summary.first_step > 2 * kCells * CellSteps(level)) Close(level, complete);
}

void Summarizer::CloseIfFull(int level, Complete& complete) {
  const MetricSummary& summary = open_[level - 1];
  const bool full = summary.end_step - summary.first_step >= kCells * CellSteps(level);
  if (full || summary.others.size() >= kMostOthers) Close(level, complete);
}

void Summarizer::Close(int level, Complete& complete) {
  MetricSummary summary = std::exchange(open_[level - 1], MetricSummary());
  summary.level = level;
  for (SummaryColumn& column : summary.columns) column.cells.resize(summary.cell_count());
  if (level < kCoarsestLevel) {
    if (summary.first_step != summary.end_step) MakeRoom(level + 1, summary.end_step, complete);
    MetricSummary& coarser = open_[level];
    coarser.level = level + 1;
    coarser.attempt = summary.attempt;
    Extend(summary.first_sequence, summary.last_sequence, summary.least_event_step, coarser);
    coarser.others.insert(coarser.others.end(), summary.others.begin(), summary.others.end());
    if (summary.first_step != summary.end_step) {
      ExtendSteps(summary.first_step, summary.end_step, coarser);
      for (const SummaryColumn& column : summary.columns) AddColumn(summary, column, coarser);
    }
    CloseIfFull(level + 1, complete);
  }
  complete.push_back(std::move(summary));
}

}  // namespace trainyard
