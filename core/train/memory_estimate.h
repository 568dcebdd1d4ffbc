// The memory that a run takes, before it takes it.

#ifndef TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_
#define TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/model/network.h"
#include "core/train/options.h"

namespace trainyard {

// Bytes at the peak, beside the data sets: parameters, gradient, optimiser state, best parameters, one snapshot being written, activations
// of two passes, row numbers, scores that a metric needs. `dense_columns`: features that are not sparse. `row_count`: of all data sets.
int64_t EstimateMemory(const TrainingOptions& options, const ParameterLayout& layout, int64_t dense_columns,
                       int64_t row_count);

// RESOURCE_EXHAUSTED (INSUFFICIENT_MEMORY, with `needed_bytes` and `limit_bytes`): needed > limit.
absl::Status CheckMemory(int64_t needed, int64_t limit);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_
