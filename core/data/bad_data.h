// Faults in the content of a data set: INVALID_ARGUMENT with reason BAD_DATA, which say where the fault is.

#ifndef TRAINYARD_CORE_DATA_BAD_DATA_H_
#define TRAINYARD_CORE_DATA_BAD_DATA_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace trainyard {

// `row 5, column "age": <fault>`, with the metadata `row` and `column`. Rows count from 1.
absl::Status BadCell(int64_t row, std::string_view column, std::string_view fault);

// The same where columns have no name yet: `row 1, column 3: <fault>`. Columns count from 1.
absl::Status BadCell(int64_t row, int64_t column, std::string_view fault);

// A fault of a whole column: `column "age": <fault>`, with the metadata `column`.
absl::Status BadColumn(std::string_view column, std::string_view fault);

// A fault that has no place among rows and columns.
absl::Status BadData(std::string_view fault);

// In quotes; shortened past 40 bytes, and never in the middle of a character.
std::string Quoted(std::string_view text);

// `"a", "b" and 3 more`.
std::string SomeOf(const std::vector<std::string>& names);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_BAD_DATA_H_
