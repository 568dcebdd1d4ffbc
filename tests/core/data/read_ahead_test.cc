#include "core/data/read_ahead.h"

#include <gtest/gtest.h>

#include <array>

#include "core/data/dataset_builder.h"

namespace trainyard {
namespace {

std::shared_ptr<const Dataset> Numbers(int rows) {
  Schema schema;
  schema.columns = {{.name = "x"}, {.name = "y", .role = ColumnRole::kTarget}};
  DatasetBuilder builder(schema);
  for (int i = 0; i < rows; ++i) builder.AddRow(std::array<double, 2>{i + 0.5, 2.0 * i});
  return std::move(builder).Build();
}

TEST(ReadAheadTest, ReadingChangesNothingAndMayBeAskedForAtAnyTime) {
  const auto dataset = Numbers(10'000);
  {
    ReadAhead read_ahead(dataset);
    for (int64_t begin = 0; begin < 10'000; begin += 100) {
      read_ahead.Ask(begin, begin + 100);
      read_ahead.Ask((begin + 5'000) % 10'000, (begin + 5'000) % 10'000 + 100);
      read_ahead.Ask(begin, begin + 100);
    }
  }
  for (int64_t row = 0; row < 10'000; row += 99) EXPECT_EQ(dataset->Number(row, 0), static_cast<double>(row) + 0.5);
}

TEST(ReadAheadTest, EndsWithoutHavingBeenAsked) { const ReadAhead read_ahead(Numbers(1)); }

}  // namespace
}  // namespace trainyard
