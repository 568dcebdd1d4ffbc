// Values on the command line that are refused where they do not fit.

#ifndef TRAINYARD_CLIENT_CLI_STRICT_VALUES_H_
#define TRAINYARD_CLIENT_CLI_STRICT_VALUES_H_

#include <CLI/CLI.hpp>

namespace trainyard::cli {

// Has each whole-number option of `program` and of its commands take decimal digits alone, of at most 64 bits, and each text UTF-8 alone,
// but for the names of files. CLI11 by itself reads 010 as 8, and takes the nearest number for one that is too large.
void ReadValuesStrictly(CLI::App& program);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_STRICT_VALUES_H_
