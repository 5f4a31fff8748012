// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include "core/model/container_repair.h"

namespace rec {

// A file that a player can play as a segment, once it is cut to `complete_bytes`.
struct FoundSegment {
  std::uint64_t complete_bytes = 0;
  Nanoseconds duration{0};  // of the media in them
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
};

// What a process that died, or a disk that failed, left of a segment; nothing when it does not play. Reads
// all of it. Hostile bytes are fine: core/model/ts_scan, core/model/cmaf_scan.
std::optional<FoundSegment> scan_segment(SegmentFormat format, const ByteSource &source);

}  // namespace rec
