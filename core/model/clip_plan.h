// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/media_playlist.h"

namespace rec {

// Which segments or frames of a range are taken.
enum class ClipBounds {
  inside,    // segments that begin in the range (CreateLiveStreamRecordIndexFiles)
  covering,  // those that touch it: nothing of the range is missing (EndTimeIncluded)
  keyframe,  // from the last keyframe at or before the beginning to the last frame before the end
};

// A range of the wall clock; nothing = from the beginning, to the end.
struct ClipRange {
  std::optional<UtcTime> from;
  std::optional<UtcTime> to;  // > from
};

// A segment of an HLS recording that a clip may name, or an initialisation section, which applies to what
// follows it.
struct ClipSegment {
  std::int64_t id = 0;         // of the catalogue's row
  std::int64_t recording = 0;  // that it was recorded for
  std::uint64_t sequence = 0;  // media sequence number there
  UtcTime started;             // wall clock
  Nanoseconds duration{0};     // of the media
  bool discontinuity = false;  // in the playlist that it was recorded for
  bool is_map = false;         // an initialisation section
};

// What a clip names, in playback order.
struct ClipEntry {
  std::size_t segment = 0;         // of those that were given
  std::optional<std::size_t> map;  // the initialisation section that applies to it
  bool discontinuity = false;      // media breaks before it: here, or because something was left out
};

// The segments of a range. `all`: of one recording after the other, each in playback order. Empty when there
// is nothing in the range.
std::vector<ClipEntry> segments_in(const ClipRange &range, ClipBounds bounds,
                                   const std::vector<ClipSegment> &all);

// The playlist of a clip: a closed one. The wall clock is told where media begins or breaks. `uris`: of the
// segments and initialisation sections, as `all` has them.
MediaPlaylist clip_playlist(const std::vector<ClipEntry> &entries, const std::vector<ClipSegment> &all,
                            const std::vector<std::string> &uris);

}  // namespace rec
