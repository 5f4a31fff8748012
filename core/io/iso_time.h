// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

// "2026-11-21T20:00:00Z", also with "+08:00" and fractions, or seconds since 1970. Between 1970 and 9999.
Result<UtcTime> parse_time(const std::string &text);
std::string time_text(UtcTime time);        // "2026-11-21T20:00:00Z"
std::string exact_time_text(UtcTime time);  // "2026-11-21T20:00:00.000Z"

}  // namespace rec
