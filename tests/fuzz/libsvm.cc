// LIBSVM files.

#include "tests/fuzz/content.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  ReadOptions options{.format = Format::kLibsvm};
  const int choice = input.Choice(4);
  if (choice == 1) options.target = "features";
  if (choice == 2) options.types["label"] = ColumnType::kCategorical;
  if (choice == 3) options.types["label"] = ColumnType::kNumeric;
  fuzz::ReadContent(input.rest(), options);
  return 0;
}
