// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace rec {

// What recorders count of the media that comes for a recording; counters only grow while a recorder runs.
struct MediaCounts {
  // Who left frames out ("hls", "flv"...; "" = they were lost before any format got them), and why
  // ("before-keyframe"...).
  using Drops = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  std::uint64_t video_frames = 0;  // that came
  std::uint64_t audio_frames = 0;
  std::uint64_t bytes = 0;  // of these frames, without what containers add
  Drops drops = {};         // frames, > 0

  bool operator==(const MediaCounts &) const = default;
};

// Of recorders side by side that get the same media: what the one that got most has got, and the drops of
// all.
MediaCounts side_by_side(MediaCounts one, const MediaCounts &other);

// What was counted since `before`. A counter that is smaller than it was began anew.
MediaCounts counted_since(const MediaCounts &before, const MediaCounts &now);

// "repeated" is a drop but no loss: those frames were recorded before.
bool is_loss(const std::string &reason);

}  // namespace rec
