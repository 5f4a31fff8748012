// SPDX-License-Identifier: LGPL-2.1-or-later
// What the stores' signatures have in common. For them alone.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/service/store_signature.h"

namespace rec {

// "20241114T080000Z"
std::string basic_time(UtcTime t);
// "Thu, 14 Nov 2024 08:00:00 GMT" (RFC 9110 section 5.6.7)
std::string http_time(UtcTime t);

enum class EmptyValue { with_equals_sign, bare };
// Names and values percent-encoded, sorted: "a=1&uploads=" or "a=1&uploads".
std::string encoded_query(const StoreRequest &request, EmptyValue empty);

// HMAC-SHA256 with each step, the result being the key of the next.
std::string hmac_chain(std::string key, std::initializer_list<std::string_view> steps);

}  // namespace rec
