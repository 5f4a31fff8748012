// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/media_counts.h"

#include <algorithm>

namespace rec {
namespace {

std::uint64_t grown(std::uint64_t before, std::uint64_t now) { return now < before ? now : now - before; }

}  // namespace

MediaCounts side_by_side(MediaCounts one, const MediaCounts &other) {
  one.video_frames = std::max(one.video_frames, other.video_frames);
  one.audio_frames = std::max(one.audio_frames, other.audio_frames);
  one.bytes = std::max(one.bytes, other.bytes);
  for (const auto &[drop, frames] : other.drops) {
    std::uint64_t &most = one.drops[drop];
    most = std::max(most, frames);
  }
  return one;
}

MediaCounts counted_since(const MediaCounts &before, const MediaCounts &now) {
  MediaCounts since;
  since.video_frames = grown(before.video_frames, now.video_frames);
  since.audio_frames = grown(before.audio_frames, now.audio_frames);
  since.bytes = grown(before.bytes, now.bytes);
  for (const auto &[drop, frames] : now.drops) {
    const auto was = before.drops.find(drop);
    const std::uint64_t more = grown(was == before.drops.end() ? 0 : was->second, frames);
    if (more > 0) since.drops[drop] = more;
  }
  return since;
}

bool is_loss(const std::string &reason) { return reason != "repeated"; }

}  // namespace rec
