// Small data sets made in place, for tests of what reads them.

#ifndef TRAINYARD_TESTS_TESTING_SMALL_DATA_H_
#define TRAINYARD_TESTS_TESTING_SMALL_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/data/dataset_builder.h"

namespace trainyard {

// `rows` examples with features `x0`, `x1`, ... uniform in (-1, 1); the target is a class `c0`, `c1`, ... that depends on them, or, with no
// classes, a number that does.
inline std::shared_ptr<const Dataset> MakeSmallDataset(int rows, int features, int classes, uint64_t seed = 1) {
  Schema schema;
  for (int j = 0; j < features; ++j) schema.columns.push_back({.name = "x" + std::to_string(j)});
  Column target{
      .name = "y", .type = classes > 0 ? ColumnType::kCategorical : ColumnType::kNumeric, .role = ColumnRole::kTarget};
  for (int c = 0; c < classes; ++c) target.categories.push_back({.value = "c" + std::to_string(c)});
  schema.columns.push_back(target);
  DatasetBuilder builder(schema);
  const RandomStream random(seed, RandomPurpose::kSplit, 0);
  for (int i = 0; i < rows; ++i) {
    std::vector<double> cells;
    double sum = 0;
    for (int j = 0; j < features; ++j) {
      cells.push_back(2 * random.Uniform(static_cast<uint64_t>(i * features + j)) - 1);
      sum += cells.back() * (j % 2 == 0 ? 1 : -0.5);
    }
    const auto level = static_cast<int64_t>((sum + 3) * 2);
    cells.push_back(classes > 0 ? static_cast<double>((level % classes + classes) % classes) : sum);
    builder.AddRow(cells);
  }
  return std::move(builder).Build();
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_SMALL_DATA_H_
