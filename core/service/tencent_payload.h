// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// The body of Tencent's event_type 100, "a recording file exists" (spec 5.2): `owed` is a callback with its
// file. file_id and record_file_id name files of a cloud's media library, which we have not: both are "".
// `t` is `now` + 10 minutes; sign is there only with a key. Signed anew for each attempt, since the schedule
// of retries is longer than a signature is valid.
std::string tencent_payload(const Owed &owed, std::string_view key, UtcTime now);

// Lower-case hex MD5 of key and decimal t (spec 5.1).
std::string tencent_sign(std::string_view key, Seconds t);

}  // namespace rec
