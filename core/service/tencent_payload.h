// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// What Tencent's callbacks say (spec 5): event_type 100 for a file (`owed` has it), 341 for an exception, 332
// for everything else. file_id and record_file_id name files of a cloud's media library, which we have not:
// both are
// "". A recording of several formats has one status: its file_format is HLS, or the template's first. `t` is
// `now` + 10 minutes; sign is there only with a key. Signed anew for each attempt, since the schedule of
// retries is longer than a signature is valid.
std::string tencent_payload(const Owed &owed, std::string_view key, UtcTime now);

// Lower-case hex MD5 of key and decimal t (spec 5.1).
std::string tencent_sign(std::string_view key, Seconds t);

}  // namespace rec
