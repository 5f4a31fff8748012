// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string_view>

namespace rec {

// True when `text` is well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF) without control
// characters (U+0000-U+001F, U+007F-U+009F): what RFC 8216 section 4.1 asks of every line of a playlist.
bool is_printable_utf8(std::string_view text);

}  // namespace rec
