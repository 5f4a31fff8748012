// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rec {

// The parameters of a push URL, "a=1&b=x%20y", in their order: names as they stand, values unescaped (%XX,
// and
// '+' for a space). Whoever pushes chooses them.
std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query);

// The first value of a name; "" when it has none.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace rec
