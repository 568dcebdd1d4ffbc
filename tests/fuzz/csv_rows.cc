// Rows to predict from a CSV file, on the client's side.

#include "client/cli/csv_table.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const absl::StatusOr<v1::Table> table = cli::ParseCsv(std::string(reinterpret_cast<const char*>(data), size));
  if (!table.ok()) return fuzz::ExpectCode(table.status(), absl::StatusCode::kInvalidArgument), 0;
  for (const google::protobuf::ListValue& row : table->rows()) {
    fuzz::Expect(row.values_size() == table->columns_size(), "a row has a cell for each column");
  }
  return 0;
}
