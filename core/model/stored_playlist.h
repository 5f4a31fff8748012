// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace rec {

// What a store has of a playlist that is still recorded.
struct StoredSegments {
  std::set<std::string, std::less<>> missing;  // URIs of segments and initialisation sections that it has not
  std::string last;                            // URI of the newest segment that it may have
};

// The longest beginning of the playlist (RFC 8216) that names nothing but what the store has, up to the line
// of a segment, so that players wait for more: without #EXT-X-ENDLIST. "" = there is no such segment.
std::string stored_part_of(std::string_view playlist, const StoredSegments &stored);

// How long after one such beginning another one goes up, when `wanted` was asked for: later when the playlist
// is long, so that no more than some 64 KiB/s of it are sent. `segments`: about so many does it name.
Nanoseconds playlist_refresh(Nanoseconds wanted, std::uint64_t segments);

}  // namespace rec
