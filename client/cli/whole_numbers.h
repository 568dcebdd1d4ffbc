// Whole numbers on the command line: decimal, and refused where they do not fit.

#ifndef TRAINYARD_CLIENT_CLI_WHOLE_NUMBERS_H_
#define TRAINYARD_CLIENT_CLI_WHOLE_NUMBERS_H_

#include <CLI/CLI.hpp>

namespace trainyard::cli {

// Has each whole-number option of `program` and of its commands take decimal digits alone, of at most 64 bits. CLI11 by itself reads 010 as
// 8, and takes the nearest number for one that is too large.
void ReadWholeNumbersStrictly(CLI::App& program);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_WHOLE_NUMBERS_H_
