// Rows to predict from a CSV file.

#ifndef TRAINYARD_CLIENT_CLI_CSV_TABLE_H_
#define TRAINYARD_CLIENT_CLI_CSV_TABLE_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "trainyard/v1/dataset.pb.h"

namespace trainyard::cli {

// RFC 4180 with a header line. An empty cell becomes null, one of `text_columns` a text, as it stands: categories may look like numbers, as
// 02134 does. Elsewhere a cell that is a finite number from end to end becomes a number, any other a text.
// INVALID_ARGUMENT: a row with another number of cells than the header, an open quote, no header.
absl::StatusOr<v1::Table> ParseCsv(const std::string& text, const std::set<std::string>& text_columns = {});

// The whole file, or of `-` standard input. Errors of the system; INVALID_ARGUMENT: not UTF-8.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CSV_TABLE_H_
