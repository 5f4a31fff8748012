// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

// Offset of a zone from UTC at an instant, daylight saving included. `zone`: "UTC", "UTC+8", "UTC-03:30",
// "local", or an identifier of the system's zone database ("Asia/Shanghai"). Thread-safe.
Result<Seconds> utc_offset_of(const std::string &zone, UtcTime at);

}  // namespace rec
