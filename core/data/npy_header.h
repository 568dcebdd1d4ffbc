// The header of a NumPy array: a Python dict with the keys descr, fortran_order and shape. It is parsed, never evaluated.

#ifndef TRAINYARD_CORE_DATA_NPY_HEADER_H_
#define TRAINYARD_CORE_DATA_NPY_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

struct NpyHeader {
  std::string descr;  // `<f8`
  bool fortran_order = false;
  std::vector<int64_t> shape;  // each at least 0
};

// INVALID_ARGUMENT, with a sentence that goes on after "its header …": the text is anything else.
absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view text);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_NPY_HEADER_H_
