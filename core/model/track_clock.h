// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// What a frame says about its time. Any of it may be missing or absurd.
struct SentTimes {
  std::optional<Nanoseconds> dts;       // running time; may be negative
  std::optional<Nanoseconds> pts;       // running time; may be negative
  std::optional<Nanoseconds> duration;  // <= 0 says nothing
  bool may_reorder = true;  // video: a frame may be shown before one that was sent earlier (its profile says)
  bool repeats = false;     // it was sent for the time of the frame before; dts and pts may be a parser's
};

// A frame's times, all of them, and what is remarkable about them.
struct FrameTimes {
  Nanoseconds dts{0};
  Nanoseconds pts{0};
  Nanoseconds duration{0};  // > 0, at most a minute
  bool estimated = false;   // dts is ours: none was sent, or none that can be true
  bool illegal = false;     // a timestamp or the duration was missing altogether or cannot be true
  bool frozen = false;      // the same time was sent for more than a second of media
  bool uneven = false;      // a quarter of the last 64 frames came at another distance than the rest
  bool long_gop = false;    // ten seconds went by without a keyframe; said once for each GOP
};

// Finds the DTS of reordered video of which only the PTS are known: they are the same instants in ascending
// order, as many frames late as frames are reordered. Two are assumed, which is what encoders do by default;
// more when a PTS goes back behind what was given out.
class PtsOrder {
 public:
  // `step`: the usual distance of two frames. Never after `pts`.
  Nanoseconds dts_of(Nanoseconds pts, Nanoseconds step);

 private:
  std::vector<Nanoseconds> waiting_;  // ascending
  std::size_t depth_ = 2;             // frames
  std::optional<Nanoseconds> last_;   // DTS given out
  Nanoseconds newest_{0};             // the latest PTS
};

// Reads the timestamps of one track's frames, in decoding order. Timestamps that make sense are passed on as
// they came. What is missing is estimated from the frame before:
//   - no DTS: of the last few PTS the earliest one (PtsOrder), which never goes back;
//   - no PTS: the DTS;
//   - neither: the frame follows the one before by the usual distance.
// A time more than ten years from 0, or a PTS more than ten seconds from its DTS (but for a wrap between
// them), cannot be true and counts as missing. The same time again and again is recorded as it came for one
// second of media; then the frames follow each other by the usual distance until time moves again.
class TrackClock {
 public:
  enum class Kind { video, audio };

  explicit TrackClock(Kind kind) : kind_(kind) {}

  // `start`: the time of a first frame that has none.
  FrameTimes read(const SentTimes &sent, bool keyframe, Nanoseconds start);
  // Another stream begins: nothing follows from what was before.
  void restart() { *this = TrackClock(kind_); }

 private:
  Nanoseconds usual_step() const;
  std::optional<Nanoseconds> dts_of(const SentTimes &sent, FrameTimes &times);
  void settle_pts(const SentTimes &sent, FrameTimes &times) const;
  void unfreeze(const SentTimes &sent, FrameTimes &times);
  void judge_step(FrameTimes &times);
  void judge_gop(FrameTimes &times, bool keyframe);

  Kind kind_;
  std::optional<Nanoseconds> last_;       // DTS given out
  std::optional<Nanoseconds> last_sent_;  // DTS, or PTS where there is none, as it came
  Nanoseconds step_{0};                   // last distance of two frames that was no hole
  Nanoseconds long_step_{0};              // last distance, however long
  Nanoseconds mean_step_{0};              // of many
  Nanoseconds frozen_for_{0};             // media since time stands still
  PtsOrder order_;                        // where no DTS is sent
  Nanoseconds since_keyframe_{0};
  std::uint64_t uneven_ = 0;  // one bit for each of the last frames
};

}  // namespace rec
