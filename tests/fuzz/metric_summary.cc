// Summaries of metrics as the store keeps them.

#include "server/store/metric_summary.h"

#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  MetricSummary summary;
  summary.level = 1 + input.Choice(kCoarsestLevel);
  summary.first_sequence = input.Byte();
  summary.last_sequence = summary.first_sequence + input.Byte();
  summary.first_step = input.Byte();
  summary.end_step = summary.first_step + 16 * input.Byte();
  const absl::Status decoded = DecodeContent(input.rest(), &summary);
  if (!decoded.ok()) {
    fuzz::ExpectCode(decoded, absl::StatusCode::kDataLoss);
    return 0;
  }
  const std::string encoded = EncodeContent(summary);
  MetricSummary again = summary;
  again.others.clear();
  again.columns.clear();
  fuzz::Expect(DecodeContent(encoded, &again).ok() && EncodeContent(again) == encoded, "a summary reads back");
  return 0;
}
