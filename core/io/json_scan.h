// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "core/io/json.h"

namespace rec {

// What json-glib does not say or not check, found by looking at the tokens of a text once.
struct JsonScan {
  std::vector<TextPosition> values;  // of every value, in the order of the text
  std::vector<TextPosition> names;   // of the name of every member, in the order of the text
  std::vector<std::size_t> sizes;    // members of every object, in the order in which they begin
  std::vector<std::size_t> ended;    // indices in `names`, in the order in which members end
};

// Refuses what json-glib (1.6) would take for JSON or misread (comments, single quotes, hexadecimal, numbers
// that do not fit, \u0000) and what would overflow its stack. The grammar is left to json-glib.
Result<JsonScan> scan_json(std::string_view text, const JsonLimits &limits);

}  // namespace rec
