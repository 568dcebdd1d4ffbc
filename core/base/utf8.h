// What bytes of text are made of.

#ifndef TRAINYARD_CORE_BASE_UTF8_H_
#define TRAINYARD_CORE_BASE_UTF8_H_

#include <string_view>

namespace trainyard {

// Only bytes below 128.
bool IsAscii(std::string_view text);

// Well-formed UTF-8 (Unicode, table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_UTF8_H_
