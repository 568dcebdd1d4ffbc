// CSV and TSV: the same cells make the same data set, whichever character is between them.

#include <algorithm>
#include <array>

#include "tests/fuzz/content.h"

namespace trainyard::fuzz {
namespace {

ReadOptions ChooseOptions(Input& input) {
  static constexpr std::array<ColumnType, 4> kTypes = {ColumnType::kNumeric, ColumnType::kCategorical,
                                                       ColumnType::kIgnored, ColumnType::kSparse};
  ReadOptions options;
  const uint8_t choices = input.Byte();
  if (choices & 1) options.target = "a";
  if (choices & 2) options.weight = "b";
  if (choices & 4) options.split = "c";
  if (choices & 8) options.types["a"] = kTypes[input.Choice(4)];
  if (choices & 16) options.types["c"] = kTypes[input.Choice(4)];
  if (choices & 32) options.format = Format::kTsv;
  return options;
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  ReadOptions options = fuzz::ChooseOptions(input);
  const std::optional<std::string> dataset = fuzz::ReadContent(input.rest(), options);

  // Cells in quotes hold separators, and tabs are spaces around numbers.
  if (options.format == Format::kTsv || input.rest().find_first_of("\t\"") != std::string_view::npos) return 0;
  std::string swapped(input.rest());
  std::ranges::replace(swapped, ',', '\t');
  options.format = Format::kTsv;
  fuzz::Expect(dataset == fuzz::ReadContent(swapped, options), "tabs in place of commas make the same data set");
  return 0;
}
