// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <vector>

#include "core/base/clock.h"
#include "core/model/container_repair.h"

namespace rec {

// What one track of a segment holds, in ticks of kCmafTimescale.
struct CmafScanTrack {
  std::uint32_t id = 0;
  bool is_video = false;         // its fragments say of each sample whether it is a keyframe
  bool starts_with_key = false;  // its first sample
  std::uint64_t frames = 0;
  std::int64_t first = 0;  // time of presentation of its first sample
  std::int64_t end = 0;    // of the last one, by decoding time
};

// A segment that core/model/cmaf_fragment wrote, or what a dead process left of one.
struct CmafScan {
  std::uint64_t complete_bytes = 0;  // up to the end of the last fragment whose media is all there
  std::vector<CmafScanTrack> tracks;

  // Media from the first frame of the leading track (video if there is one) to the end of the last frame.
  Nanoseconds duration() const;
  // True when a player can start with it: a whole fragment, which begins with a keyframe if there is video.
  bool is_segment() const;
};

// Reads the boxes. Hostile bytes are fine: every length is checked, work is linear in the size, memory is
// that of one moof.
CmafScan scan_cmaf(const ByteSource &source);

}  // namespace rec
