// The bridge between std::string_view and the string_view of Debian's Abseil, which is a type of its own.

#ifndef TRAINYARD_CORE_BASE_TEXT_H_
#define TRAINYARD_CORE_BASE_TEXT_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace trainyard {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_TEXT_H_
