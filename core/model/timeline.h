// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// After how much a publisher's timestamps begin again at 0 by themselves: RTMP counts milliseconds in 32
// bits, MPEG-TS a clock of 90 kHz in 33 bits.
inline constexpr Nanoseconds kRtmpWrap = std::chrono::milliseconds(std::int64_t{1} << 32);
inline constexpr Nanoseconds kTsWrap{(std::int64_t{1} << 33) * 100000 / 9};

struct TimelineLimits {
  Nanoseconds backward =
      std::chrono::milliseconds(250);  // a longer step back is a break, a shorter one jitter
  Nanoseconds forward =
      std::chrono::seconds(10);  // a longer hole in all tracks is a break, a shorter one a silence
  Nanoseconds resync = std::chrono::seconds(5);  // how far apart two tracks may take the same break
  Nanoseconds start = std::chrono::minutes(1);   // how far from the other tracks' media a track may begin
  Nanoseconds jump = std::chrono::seconds(1);    // a longer hole is worth telling
};

// Lays the timestamps of several tracks on one line that never goes back, however the publisher's
// clock behaves, and says where it broke. Between breaks the tracks' distances are kept exactly, so audio
// and video stay as far apart as they were sent; at a break the line goes on where the media before it ended.
//
// When one track breaks and another takes the same step within `resync`, both belong to the same new period
// and keep their distance; a track that breaks alone goes on at the end of the line and the others are not
// touched.
//
// A step that is a hole or jitter but for one wrap of RTMP's or MPEG-TS's counter is that wrap: nothing
// breaks.
class Timeline {
 public:
  struct Place {
    Nanoseconds time;    // on the line; never before the track's previous one
    Nanoseconds offset;  // time - dts before clamping: what to add to the frame's other timestamps
    bool breaks;         // the first frame of a new period
    bool jumps;          // the track's timestamps stepped back, or over a hole
    Nanoseconds step;    // from the track's latest timestamp, where it jumps
  };

  explicit Timeline(TimelineLimits limits = {}) : limits_(limits) {}

  // Where the frame of `track` (0, 1, ...) that was sent for `dts` and lasts `duration` (>= 0, 0 = unknown)
  // belongs.
  Place place(std::size_t track, Nanoseconds dts, Nanoseconds duration);

  // What comes next is another push: the next frame of any track begins a new period, whatever its
  // timestamps.
  void restart();
  // The same for one track, which was flushed: its next frame begins a new period, or joins the one that
  // another track has begun for the same reason.
  void restart(std::size_t track);
  // The track is gone; another one that gets its number is a new one.
  void forget(std::size_t track);

  // Where in the newest period's timestamps the line ends; 0 before the first frame.
  Nanoseconds now() const { return started_ ? end_ - offset() : Nanoseconds(0); }
  // What to add to a timestamp of the newest period.
  Nanoseconds offset() const { return offset_ + wraps_; }
  Nanoseconds end() const { return end_; }  // the end of the latest media on the line

 private:
  struct Track {
    bool started = false;
    bool restarting = false;
    Nanoseconds wraps{0};     // to add to its timestamps since they began again
    Nanoseconds last_dts{0};  // the latest, with `wraps`
    Nanoseconds last_time{0};
    Nanoseconds last_duration{0};
    Nanoseconds offset{0};  // of its period
    std::uint64_t period = 0;
  };

  bool continues(const Track &track, Nanoseconds dts) const;
  bool joins_new_period(const Track &track, Nanoseconds dts) const;
  bool take_wrap(Track &track, Nanoseconds dts) const;
  bool find_period(Track &track, Nanoseconds dts) const;
  void begin_period(Track &track, Nanoseconds dts);
  void join(Track &track) const;

  TimelineLimits limits_;
  std::vector<Track> tracks_;
  std::uint64_t period_ = 0;  // the newest
  Nanoseconds offset_{0};     // its
  Nanoseconds wraps_{0};      // of its latest track
  Nanoseconds end_{0};
  bool started_ = false;
  bool restarting_ = false;
};

}  // namespace rec
