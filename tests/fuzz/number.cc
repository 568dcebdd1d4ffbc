// Numbers as text: the nearest double, and texts that read back.

#include "core/data/number.h"

#include <bit>
#include <string>

#include "absl/strings/numbers.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  double value = 0;
  const NumberKind kind = ParseNumber(text, &value);
  double theirs = 0;
  const bool is_number = absl::SimpleAtod(AbslView(WithoutSpaces(text)), &theirs);
  if (kind == NumberKind::kFinite) {
    fuzz::Expect(is_number && std::bit_cast<uint64_t>(theirs) == std::bit_cast<uint64_t>(value), "two parsers agree",
                 text);
    double back = 0;
    fuzz::Expect(ParseNumber(NumberText(value), &back) == NumberKind::kFinite && back == value, "numbers read back",
                 text);
  }
  // The other parser knows hexadecimal numbers, NaN with a text, and white space of all kinds.
  const bool plain = text.find_first_not_of("0123456789+-.eE ") == std::string_view::npos;
  if (kind == NumberKind::kText && plain) fuzz::Expect(!is_number, "text is text to both", text);
  return 0;
}
