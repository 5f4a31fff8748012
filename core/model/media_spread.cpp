// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/media_spread.h"

#include <algorithm>

namespace rec {

MediaSpread joined(const MediaSpread &first, const MediaSpread &second) {
  MediaSpread whole;
  whole.keyframes = first.keyframes + second.keyframes;
  whole.longest_gop = std::max(first.longest_gop, second.longest_gop);
  whole.audio_start = first.audio_start ? first.audio_start : second.audio_start;
  whole.audio_end = second.audio_end ? second.audio_end : first.audio_end;
  return whole;
}

void SpreadMeter::extend(std::optional<Extent> &extent, Nanoseconds pts, Nanoseconds duration) {
  if (!extent) extent = Extent{pts, pts};
  extent->start = std::min(extent->start, pts);
  extent->end = std::max(extent->end, pts + duration);
}

void SpreadMeter::add(MediaKind kind, bool keyframe, Nanoseconds pts, Nanoseconds duration) {
  if (kind == MediaKind::audio) return extend(audio_, pts, duration);
  extend(video_, pts, duration);
  if (!keyframe) return;
  if (keyframes_++ > 0) longest_ = std::max(longest_, pts - last_keyframe_);
  last_keyframe_ = pts;
}

MediaSpread SpreadMeter::spread() const {
  MediaSpread spread;
  spread.keyframes = keyframes_;
  if (keyframes_ > 0) spread.longest_gop = std::max(longest_, video_->end - last_keyframe_);
  if (!video_ || !audio_) return spread;
  spread.audio_start = audio_->start - video_->start;
  spread.audio_end = audio_->end - video_->end;
  return spread;
}

}  // namespace rec
