// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/media_playlist.h"

namespace rec {

// The playlist of a live stream's last segments: what is over `length` goes from its front, and
// EXT-X-MEDIA-SEQUENCE and EXT-X-DISCONTINUITY-SEQUENCE count it (RFC 8216 section 6.2.2). While it grows at
// least three target durations stay, as that section demands. Without EXT-X-PLAYLIST-TYPE, and without the
// open segment.
MediaPlaylist windowed(MediaPlaylist playlist, std::size_t length);

// How a playlist at `to` names what a playlist at `from` calls `uri`: another path where it is relative and
// the folders differ. Both paths absolute, or relative to the same folder.
std::string uri_seen_from(const std::string &uri, std::string_view from, std::string_view to);

}  // namespace rec
