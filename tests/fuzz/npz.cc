// Archives of NumPy arrays.

#include "tests/fuzz/content.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  ReadOptions options{.format = Format::kNpz};
  const int choice = input.Choice(4);
  if (choice == 1) options.target = "y";
  if (choice == 2) options.weight = "w";
  if (choice == 3) options.types["y"] = ColumnType::kCategorical;
  fuzz::ReadContent(input.rest(), options);
  return 0;
}
