// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>

namespace rec {

// What became of the frames that a muxer took.
struct FrameOutcomes {
  std::uint64_t stored = 0;     // in files under their final name
  std::uint64_t failed = 0;     // in files that could not be completed
  std::uint64_t too_short = 0;  // in files shorter than min-duration
  std::uint64_t all() const { return stored + failed + too_short; }
};

// Every frame that a format was given: ingested = stored + pending + the sum of the dropped.
struct FrameLedger {
  std::uint64_t ingested = 0;
  std::uint64_t stored = 0;   // in files under their final name
  std::uint64_t pending = 0;  // in files that grow, or waiting for the next one
  // Dropped:
  std::uint64_t not_recording = 0;    // stopped, and no longer within the pre-roll
  std::uint64_t before_keyframe = 0;  // nothing decodable can begin with them
  std::uint64_t not_supported = 0;    // the container cannot hold the codec or one more track
  std::uint64_t file_failed = 0;      // no file could be written
  std::uint64_t too_short = 0;        // the file was shorter than min-duration
};

}  // namespace rec
