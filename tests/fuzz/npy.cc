// NumPy arrays: one that is read is the table that CSV makes of the same numbers.

#include "core/data/npy.h"

#include <cmath>

#include "core/data/number.h"
#include "tests/fuzz/content.h"

namespace trainyard::fuzz {
namespace {

// Empty where there is a cell that CSV can't hold or takes for missing.
std::string CsvOf(const NpyArray& array, const Schema& schema) {
  std::string text;
  for (const Column& column : schema.columns) text += (text.empty() ? "" : ",") + column.name;
  const NpyDecoder decoder(array);
  std::vector<double> numbers(array.item_size());
  for (int64_t item = 0; item < array.item_count(); ++item) {
    decoder.Decode(item, numbers);
    std::string row;
    for (const double number : numbers) {
      if (!std::isfinite(number)) return {};
      row += (row.empty() ? "" : ",") + NumberText(number);
    }
    text += "\n" + row;
  }
  return text;
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::optional<std::string> dataset = fuzz::ReadContent(content, {.format = Format::kNpy});
  if (!dataset.has_value()) return 0;
  const auto opened = Dataset::Open(std::as_bytes(std::span(*dataset)), nullptr);
  const std::string csv = fuzz::CsvOf(*ReadNpyArray("it", content), (*opened)->schema());
  if (csv.empty()) return 0;
  const std::optional<std::string> from_csv = fuzz::ReadContent(csv, {});
  fuzz::Expect(from_csv.has_value(), "numbers of an array are those of a CSV file", csv);
  const auto csv_opened = Dataset::Open(std::as_bytes(std::span(*from_csv)), nullptr);
  fuzz::Expect(fuzz::HaveSameRows(**opened, **csv_opened), "an array and a CSV file of its numbers have the same rows",
               csv);
  return 0;
}
