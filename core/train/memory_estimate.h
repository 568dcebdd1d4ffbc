// The memory that a run takes, before it takes it.

#ifndef TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_
#define TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/model/network.h"
#include "core/train/options.h"
#include "core/train/trainer.h"

namespace trainyard {

// Rows of the parts, or more.
struct PartRows {
  int64_t training = 0;
  int64_t measured = 0;
};

struct RowCounts {
  PartRows parts;
  int64_t of_dataset = 0;      // that the training part is of
  int64_t packed_numbers = 0;  // that its rows have, where their inputs are those of one sparse column; else 0
  bool has_classes = false;    // the target
};

// `target`: the column of the training data set.
RowCounts CountRows(const TrainingData& data, int target, const PartRows& parts);

// Bytes at the peak, beside the data sets: parameters, gradient, optimiser state, best parameters, activations, row numbers, rows that are
// kept as they are encoded, scores that a metric needs; and beside these either what the start takes (the values drawn, the targets of all
// rows where output biases are of them) or one snapshot being written.
// `dense_columns`: features that are not sparse. A gradient is counted that a step may do without while its bounds hold.
int64_t EstimateMemory(const TrainingOptions& options, const ParameterLayout& layout, int64_t dense_columns,
                       const RowCounts& rows);

// RESOURCE_EXHAUSTED (INSUFFICIENT_MEMORY, with `needed_bytes` and `limit_bytes`): needed > limit.
absl::Status CheckMemory(int64_t needed, int64_t limit);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_MEMORY_ESTIMATE_H_
