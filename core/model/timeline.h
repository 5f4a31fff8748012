// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <vector>

#include "core/base/clock.h"

namespace rec {

struct TimelineLimits {
  Nanoseconds backward =
      std::chrono::milliseconds(250);              // a longer step back is a break, a shorter one jitter
  Nanoseconds forward = std::chrono::seconds(10);  // a longer hole is a break, a shorter one a silence
  Nanoseconds resync = std::chrono::seconds(5);    // how far apart two tracks may take the same break
  Nanoseconds start = std::chrono::minutes(1);     // how far from the other tracks' media a track may begin
};

// Lays the timestamps of several tracks on one line that never goes back, however the publisher's
// clock behaves, and says where it broke. Between breaks the tracks' distances are kept exactly, so audio
// and video stay as far apart as they were sent; at a break the line goes on where the media before it ended.
//
// When one track breaks and another takes the same step within `resync`, both belong to the same new period
// and keep their distance; a track that breaks alone goes on at the end of the line and the others are not
// touched.
class Timeline {
 public:
  struct Place {
    Nanoseconds time;    // on the line; never before the track's previous one
    Nanoseconds offset;  // time - dts before clamping: what to add to the frame's other timestamps
    bool breaks;         // the first frame of a new period
  };

  explicit Timeline(TimelineLimits limits = {}) : limits_(limits) {}

  // Where the frame of `track` (0, 1, ...) that was sent for `dts` and lasts `duration` (>= 0, 0 = unknown)
  // belongs.
  Place place(std::size_t track, Nanoseconds dts, Nanoseconds duration);

  // What comes next is another push: the next frame of any track begins a new period, whatever its
  // timestamps.
  void restart();

  Nanoseconds end() const { return end_; }  // the end of the latest media on the line

 private:
  struct Track {
    bool started = false;
    Nanoseconds last_dts{0};
    Nanoseconds last_time{0};
    Nanoseconds last_duration{0};
    Nanoseconds offset{0};
  };

  bool continues(const Track &track, Nanoseconds dts) const;
  bool joins_new_period(const Track &track, Nanoseconds dts) const;

  TimelineLimits limits_;
  std::vector<Track> tracks_;
  Nanoseconds offset_{0};  // of the newest period
  Nanoseconds end_{0};
  bool started_ = false;
  bool restarting_ = false;
};

}  // namespace rec
