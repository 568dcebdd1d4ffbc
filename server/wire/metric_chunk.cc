// Metric chunks: a run of steps in columns.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

// A member of StepMetrics: a double, or an optional one that all steps of a run have or none.
template <typename Value>
struct SeriesField {
  v1::Series series;
  Value StepMetrics::*value;
};

constexpr SeriesField<double> kSeries[] = {
    {v1::SERIES_LOSS, &StepMetrics::loss},
    {v1::SERIES_GRADIENT_NORM, &StepMetrics::gradient_norm},
    {v1::SERIES_LEARNING_RATE, &StepMetrics::learning_rate},
    {v1::SERIES_MOMENTUM, &StepMetrics::momentum},
};
constexpr SeriesField<std::optional<double>> kOptionalSeries[] = {
    {v1::SERIES_PENALTY, &StepMetrics::penalty},
    {v1::SERIES_CLIPPED_GRADIENT_NORM, &StepMetrics::clipped_gradient_norm},
};
static_assert(std::size(kSeries) + std::size(kOptionalSeries) + 1 == v1::Series_ARRAYSIZE,
              "a series without its field of StepMetrics");

double ValueOf(double value) { return value; }
double ValueOf(const std::optional<double>& value) { return value.value_or(0); }

// Runs write hundreds. A count beyond is damage, and not memory to ask for.
constexpr int64_t kMostSteps = 1 << 16;
constexpr int64_t kLastFirstStep = std::numeric_limits<int64_t>::max() - kMostSteps;

bool SameBits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

template <typename Value>
void WriteColumn(std::span<const StepMetrics> steps, const SeriesField<Value>& field, v1::MetricColumn* column) {
  column->set_series(field.series);
  const double first = ValueOf(steps.front().*field.value);
  const bool constant =
      std::ranges::all_of(steps, [&](const StepMetrics& step) { return SameBits(ValueOf(step.*field.value), first); });
  const std::span<const StepMetrics> told = constant ? steps.first(1) : steps;
  google::protobuf::RepeatedField<double>& values = *column->mutable_values();
  values.Resize(static_cast<int>(told.size()), 0);
  for (size_t i = 0; i < told.size(); ++i) values[static_cast<int>(i)] = ValueOf(told[i].*field.value);
}

template <typename Value>
absl::Status ReadColumn(const v1::MetricColumn& column, Value StepMetrics::*value, std::vector<StepMetrics>& steps) {
  const size_t count = column.values_size();
  if (count != 1 && count != steps.size()) {
    return absl::DataLossError(absl::StrCat("a metric chunk of ", steps.size(), " steps has ", count, " values of ",
                                            v1::Series_Name(column.series())));
  }
  for (size_t i = 0; i < steps.size(); ++i) steps[i].*value = column.values(static_cast<int>(count == 1 ? 0 : i));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StepMetrics>> CoveredSteps(const v1::MetricChunk& chunk) {
  const bool thinned = !chunk.steps().empty();
  if (!thinned && chunk.step_count() < 1) return absl::DataLossError("a metric chunk covers no step");
  if (chunk.step_count() > kMostSteps || chunk.first_step() < 0 || chunk.first_step() > kLastFirstStep) {
    return absl::DataLossError(
        absl::StrCat("a metric chunk covers ", chunk.step_count(), " steps from step ", chunk.first_step()));
  }
  std::vector<StepMetrics> steps(thinned ? chunk.steps_size() : chunk.step_count());
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i].step = thinned ? chunk.steps(static_cast<int>(i)) : chunk.first_step() + static_cast<int64_t>(i);
  }
  return steps;
}

}  // namespace

v1::MetricChunk ToProto(std::span<const StepMetrics> steps) {
  v1::MetricChunk chunk;
  chunk.set_first_step(steps.front().step);
  chunk.set_step_count(static_cast<int64_t>(steps.size()));
  for (const auto& field : kSeries) WriteColumn(steps, field, chunk.add_columns());
  for (const auto& field : kOptionalSeries) {
    if ((steps.front().*field.value).has_value()) WriteColumn(steps, field, chunk.add_columns());
  }
  return chunk;
}

absl::StatusOr<std::vector<StepMetrics>> FromProto(const v1::MetricChunk& chunk) {
  ASSIGN_OR_RETURN(std::vector<StepMetrics> steps, CoveredSteps(chunk));
  size_t known = 0;
  for (const auto& field : kOptionalSeries) {
    const auto column = std::ranges::find(chunk.columns(), field.series, &v1::MetricColumn::series);
    if (column == chunk.columns().end()) continue;
    RETURN_IF_ERROR(ReadColumn(*column, field.value, steps));
    ++known;
  }
  if (chunk.columns_size() != static_cast<int>(std::size(kSeries) + known)) {
    return absl::DataLossError(
        absl::StrCat("a metric chunk has ", chunk.columns_size(), " columns in place of ", std::size(kSeries) + known));
  }
  for (const auto& field : kSeries) {
    const auto column = std::ranges::find(chunk.columns(), field.series, &v1::MetricColumn::series);
    if (column == chunk.columns().end()) {
      return absl::DataLossError(absl::StrCat("a metric chunk lacks ", v1::Series_Name(field.series)));
    }
    RETURN_IF_ERROR(ReadColumn(*column, field.value, steps));
  }
  return steps;
}

}  // namespace trainyard
