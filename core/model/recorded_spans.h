// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <vector>

#include "core/base/clock.h"

namespace rec {

// Media that was stored without interruption: an HLS segment or a file.
struct RecordedPiece {
  UtcTime start{};           // wall clock: its first frame arrived
  UtcTime end{};             // >= start
  Nanoseconds duration{0};   // of the media
  bool after_break = false;  // a discontinuity stands before it
};

// A time of the wall clock in which there is media, or none.
struct RecordedSpan {
  bool has_media = true;
  UtcTime start;
  UtcTime end{};               // > start
  Nanoseconds media_start{0};  // what is played before it
};

// Shorter times without media are what arrival times vary by.
inline constexpr Milliseconds kShortestGap{500};

// What pieces in playback order amount to, gaps between them included. Two spans with media side by side: the
// media was spliced there. Pieces whose clock goes back follow what was before them.
std::vector<RecordedSpan> spans_of(const std::vector<RecordedPiece> &pieces);

}  // namespace rec
