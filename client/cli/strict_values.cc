#include "client/cli/strict_values.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

// Leaves a number as it is read by any base: without leading zeros.
template <typename Number>
std::string MakeDecimal(std::string& text) {
  Number number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return absl::StrCat("\"", text, "\" is not a whole number from ", std::numeric_limits<Number>::min(), " to ",
                        std::numeric_limits<Number>::max());
  }
  text = absl::StrCat(number);
  return "";
}

std::string RequireUtf8(std::string& text) { return IsUtf8(text) ? "" : "the text is not UTF-8"; }

}  // namespace

void ReadValuesStrictly(CLI::App& program) {
  for (CLI::Option* option : program.get_options()) {
    if (option->get_type_name() == "INT") option->transform(CLI::Validator(&MakeDecimal<int64_t>, ""));
    if (option->get_type_name() == "TEXT") option->check(CLI::Validator(&RequireUtf8, ""));
    if (option->get_type_name() == "UINT") option->transform(CLI::Validator(&MakeDecimal<uint64_t>, ""));
  }
  for (CLI::App* command : program.get_subcommands({})) ReadValuesStrictly(*command);
}

}  // namespace trainyard::cli
