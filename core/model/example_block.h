// Room for the targets of one block of examples.

#ifndef TRAINYARD_CORE_MODEL_EXAMPLE_BLOCK_H_
#define TRAINYARD_CORE_MODEL_EXAMPLE_BLOCK_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/data/encoding.h"

namespace trainyard {

class TargetBlock {
 public:
  TargetBlock(int64_t max_rows, ColumnType target_type)
      : classes_(target_type == ColumnType::kCategorical ? max_rows : 0),
        numbers_(target_type == ColumnType::kCategorical ? 0 : max_rows),
        weights_(max_rows) {}

  // Room for `rows` targets; of the two kinds, the one that the target is not stays empty.
  TargetBuffer First(int64_t rows) {
    const size_t count = static_cast<size_t>(rows);
    return {.classes = {classes_.data(), classes_.empty() ? 0 : count},
            .numbers = {numbers_.data(), numbers_.empty() ? 0 : count},
            .weights = {weights_.data(), count}};
  }

 private:
  std::vector<int32_t> classes_;
  std::vector<double> numbers_;
  std::vector<double> weights_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_EXAMPLE_BLOCK_H_
