// Previews of schedules, over lengths of any size.

#include <cmath>

#include "core/base/status.h"
#include "core/optim/preview_schedule.h"
#include "server/wire/optimizer.h"
#include "tests/fuzz/message_of.h"
#include "tests/fuzz/names.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  constexpr int64_t kPoints = 100;
  fuzz::Input input(data, size);
  RunLength length{.steps_per_epoch = static_cast<int64_t>(1 + (input.Number() >> 1) % 0x4000000000000000)};
  length.total_steps = static_cast<int64_t>(1 + (input.Number() >> 1) % 0x7FFFFFFFFFFFFFFE);
  const absl::StatusOr<OptimizerOptions> options = FromProto(fuzz::MessageOf<v1::Optimizer>(input, fuzz::kNames));
  if (!options.ok()) return fuzz::ExpectCode(options.status(), absl::StatusCode::kInvalidArgument), 0;
  const absl::Status valid = Validate(*options);
  if (!valid.ok()) return fuzz::ExpectCode(valid, absl::StatusCode::kInvalidArgument), 0;
  const absl::StatusOr<std::vector<RatePoint>> points = PreviewSchedule(*options, length, kPoints);
  if (!points.ok()) return fuzz::ExpectCode(points.status(), absl::StatusCode::kInvalidArgument), 0;
  fuzz::Expect(!points->empty() && points->size() <= kPoints, "a preview has as many points as were asked for");
  fuzz::Expect(points->front().step == 0 && points->back().step == *length.total_steps - 1,
               "from the first step to the last");
  for (size_t i = 1; i < points->size(); ++i) fuzz::Expect((*points)[i].step > (*points)[i - 1].step, "steps ascend");
  for (const RatePoint& point : *points) {
    fuzz::Expect(point.rates.learning_rate >= 0 && std::isfinite(point.rates.learning_rate),
                 "a rate is a number, and not negative");
  }
  return 0;
}
