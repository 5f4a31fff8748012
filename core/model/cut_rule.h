// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/clock.h"

namespace rec {

// On which side of a limit a file is cut. A file can only begin with a keyframe (or, without video, with any
// frame), so a limit is hardly ever met exactly.
enum class CutMode {
  at_or_after,  // at the first such frame at or after the limit: the clouds' meaning (spec 3.3)
  not_longer,   // at the last such frame that keeps the file within the limit: splitmuxsink's meaning
};

// When a file is closed and the next one begun.
struct CutRule {
  Nanoseconds cycle{0};        // length of a file; 0: never by time
  std::uint64_t bytes = 0;     // size of a file; 0: never by size
  bool on_wall_clock = false;  // files end where the cycle divides the day: 30 min = at :00 and :30
  CutMode mode = CutMode::at_or_after;
};

// What a file holds.
struct FileExtent {
  Nanoseconds length{0};
  std::uint64_t bytes = 0;
};

// The limits of one file.
struct FileLimits {
  std::optional<Nanoseconds> length;
  std::optional<std::uint64_t> bytes;

  // at_or_after: the file is to be cut at the next place.
  bool reached(const FileExtent &file) const {
    return (length && file.length >= *length) || (bytes && file.bytes >= *bytes);
  }
  // not_longer: the file must not become this.
  bool exceeded(const FileExtent &file) const {
    return (length && file.length > *length) || (bytes && file.bytes > *bytes);
  }
};

// Offset from UTC in force at an instant.
using UtcOffsetAt = std::function<Seconds(UtcTime)>;

// Of the file whose first frame was taken at `start`.
FileLimits limits_of(const CutRule &rule, UtcTime start, const UtcOffsetAt &offset_at);

// The first instant after `after` at which the local time of day is a multiple of `cycle` (> 0). Every day
// begins the grid anew; cycles of a day and longer count from the local 1970-01-01T00:00. Where clocks are
// put forward, an instant that is left out is the moment of the change; an hour that comes twice has its
// instants twice.
UtcTime next_on_wall_clock(UtcTime after, Nanoseconds cycle, const UtcOffsetAt &offset_at);

}  // namespace rec
