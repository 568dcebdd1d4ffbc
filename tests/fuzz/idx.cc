// IDX files: one array, or features and labels after each other.

#include "tests/fuzz/content.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  fuzz::ReadContent(input.rest(), {.format = Format::kIdx});
  return 0;
}
