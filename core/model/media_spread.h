// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/model/format.h"

namespace rec {

// How the frames of a file or segment lie in it; nothing is decoded for it.
struct MediaSpread {
  std::uint64_t keyframes = 0;  // of the video
  Nanoseconds longest_gop{0};   // video from a keyframe to the next one, or to the end
  // So much after the first picture the first audio frame is played (< 0: before it), and so much after the
  // end of the last picture audio ends. Nothing: it has not both.
  std::optional<Nanoseconds> audio_start;
  std::optional<Nanoseconds> audio_end;
  bool operator==(const MediaSpread &) const = default;
};

// Of parts that follow each other: of the whole.
MediaSpread joined(const MediaSpread &first, const MediaSpread &second);

// Finds it while frames are recorded, in the order of their decoding. Times on one line; no allocation.
class SpreadMeter {
 public:
  void add(MediaKind kind, bool keyframe, Nanoseconds pts, Nanoseconds duration);
  MediaSpread spread() const;

 private:
  struct Extent {
    Nanoseconds start, end;
  };
  static void extend(std::optional<Extent> &extent, Nanoseconds pts, Nanoseconds duration);

  std::uint64_t keyframes_ = 0;
  Nanoseconds last_keyframe_{0};
  Nanoseconds longest_{0};
  std::optional<Extent> video_, audio_;
};

}  // namespace rec
