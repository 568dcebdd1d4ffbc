#include "server/rpc/watch_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

// Whether each column has a value for each step, or one for all. A chunk that was damaged on the disk goes out as it is.
bool IsWhole(const v1::MetricChunk& chunk) {
  if (chunk.step_count() < 1 || chunk.step_count() > std::numeric_limits<int>::max()) return false;
  if (chunk.first_step() < 0 || chunk.first_step() > std::numeric_limits<int64_t>::max() - chunk.step_count())
    return false;
  return std::all_of(chunk.columns().begin(), chunk.columns().end(), [&chunk](const v1::MetricColumn& column) {
    return column.values_size() == 1 || column.values_size() == chunk.step_count();
  });
}

// `count` steps of the chunk, by index: the one with the largest loss, the one with the smallest, and others at equal distances.
std::vector<int> StepsToKeep(const v1::MetricChunk& chunk, int count) {
  const int steps = static_cast<int>(chunk.step_count());
  const auto loss = std::find_if(chunk.columns().begin(), chunk.columns().end(), [](const v1::MetricColumn& column) {
    return column.series() == v1::SERIES_LOSS && column.values_size() > 1;
  });
  std::set<int> kept;
  if (loss != chunk.columns().end()) {
    const auto [smallest, largest] = std::minmax_element(loss->values().begin(), loss->values().end());
    if (count >= 1) kept.insert(static_cast<int>(largest - loss->values().begin()));
    if (count >= 2) kept.insert(static_cast<int>(smallest - loss->values().begin()));
  }
  for (int piece = 0; piece < count && static_cast<int>(kept.size()) < count; ++piece)
    kept.insert(static_cast<int>(int64_t{piece} * steps / count));
  return {kept.begin(), kept.end()};
}

void Keep(const std::vector<int>& kept, v1::MetricChunk& chunk) {
  chunk.set_thinned(true);
  for (const int i : kept) chunk.add_steps(chunk.first_step() + i);
  for (v1::MetricColumn& column : *chunk.mutable_columns()) {
    if (column.values_size() == 1) continue;
    for (size_t k = 0; k < kept.size(); ++k) column.set_values(static_cast<int>(k), column.values(kept[k]));
    column.mutable_values()->Truncate(static_cast<int>(kept.size()));
  }
  if (kept.empty()) chunk.clear_columns();
}

}  // namespace

absl::StatusOr<WatchChoice> ReadChoice(const v1::WatchRequest& request) {
  WatchChoice choice;
  for (int i = 0; i < request.series_size(); ++i) {
    const v1::Series series = request.series(i);
    if (!v1::Series_IsValid(series) || series == v1::SERIES_UNSPECIFIED) {
      return FieldError(absl::StrCat("series[", i, "]"), int64_t{series}, "a series");
    }
    choice.series.push_back(series);
  }
  if (request.has_max_steps_per_second()) {
    const double rate = request.max_steps_per_second();
    if (!(rate > 0 && std::isfinite(rate))) return FieldError("max_steps_per_second", rate, "positive and finite");
    choice.max_steps_per_second = rate;
  }
  return choice;
}

std::shared_ptr<const std::string> WatchView::See(const std::shared_ptr<const std::string>& bytes) {
  if (choice_.everything()) return bytes;
  v1::Event event;
  if (!event.ParseFromString(*bytes) || !event.has_metrics() || !IsWhole(event.metrics())) return bytes;
  if (choice_.max_steps_per_second.has_value()) ThinOut(event);
  if (!choice_.series.empty()) {
    auto& columns = *event.mutable_metrics()->mutable_columns();
    const auto unwanted = [this](const v1::MetricColumn& column) {
      return std::find(choice_.series.begin(), choice_.series.end(), column.series()) == choice_.series.end();
    };
    columns.erase(std::remove_if(columns.begin(), columns.end(), unwanted), columns.end());
  }
  return std::make_shared<const std::string>(event.SerializeAsString());
}

void WatchView::ThinOut(v1::Event& event) {
  const absl::Time now = FromProto(event.time());
  const double rate = *choice_.max_steps_per_second;
  if (allowed_until_ == absl::InfinitePast()) {
    allowance_ = std::max(1.0, rate / 10);
  } else {
    allowance_ =
        std::min(allowance_ + rate * absl::ToDoubleSeconds(std::max(now - allowed_until_, absl::ZeroDuration())),
                 std::max(1.0, rate));
  }
  allowed_until_ = now;
  v1::MetricChunk& chunk = *event.mutable_metrics();
  if (static_cast<double>(chunk.step_count()) <= allowance_) {
    allowance_ -= static_cast<double>(chunk.step_count());
    return;
  }
  const std::vector<int> kept = StepsToKeep(chunk, static_cast<int>(std::floor(allowance_)));
  allowance_ -= static_cast<double>(kept.size());
  Keep(kept, chunk);
}

}  // namespace trainyard
