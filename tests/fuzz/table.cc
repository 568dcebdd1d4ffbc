// The rows of a prediction, and the encoding that a model holds: rows that pass every check become finite inputs.

#include <cmath>
#include <numeric>

#include "core/base/matrix.h"
#include "core/base/status.h"
#include "server/wire/model.h"
#include "tests/fuzz/message_of.h"
#include "tests/fuzz/names.h"

namespace trainyard::fuzz {
namespace {

constexpr int64_t kMostInputs = 10'000;

// One column of each kind.
Encoding FixedEncoding() {
  Encoding encoding;
  encoding.features = {
      {.column = "x0", .offset = 1, .scale = 2, .missing_value = 0.5},
      {.column = "x1", .type = ColumnType::kCategorical, .categories = {"c0", "c1"}, .missing_category = 2},
      {.column = "datasets/a", .type = ColumnType::kSparse, .sparse_width = 20}};
  encoding.target = {.column = "y", .type = ColumnType::kCategorical, .classes = {"c0", "c1"}};
  return encoding;
}

void ExpectInvalid(const absl::Status& status) { ExpectCode(status, absl::StatusCode::kInvalidArgument); }

void Encode(const RowEncoder& encoder, std::span<const uint32_t> rows) {
  std::vector<double> inputs(rows.size() * encoder.input_count());
  encoder.Encode(rows, MatrixView<double>{inputs.data(), static_cast<int64_t>(rows.size()), encoder.input_count(),
                                          encoder.input_count()});
  SparseRows<double> sparse;
  encoder.EncodeSparse(rows, sparse);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int64_t k = sparse.begin[i]; k < sparse.begin[i + 1]; ++k) {
      double& input = inputs[i * encoder.input_count() + sparse.inputs[k]];
      Expect(input == sparse.values[k] || (std::isnan(input) && std::isnan(sparse.values[k])),
             "sparse inputs are the dense ones");
      input = 0;
    }
  }
  for (const double input : inputs) Expect(input == 0, "inputs that sparse rows leave out are 0");
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  const auto table = fuzz::MessageOf<v1::Table>(input, fuzz::kNames);
  const Encoding encoding = fuzz::FixedEncoding();
  const absl::StatusOr<std::shared_ptr<const Dataset>> rows = FromTable(table, encoding);
  if (!rows.ok()) return fuzz::ExpectInvalid(rows.status()), 0;
  const absl::StatusOr<RowEncoder> encoder = RowEncoder::Bind(encoding, **rows, RowEncoder::Needs::kFeatures);
  if (!encoder.ok()) return fuzz::ExpectInvalid(encoder.status()), 0;
  std::vector<uint32_t> all((*rows)->row_count());
  std::iota(all.begin(), all.end(), 0);
  if (const absl::Status checked = encoder->Check(all); !checked.ok()) return fuzz::ExpectInvalid(checked), 0;
  fuzz::Encode(*encoder, all);
  return 0;
}
