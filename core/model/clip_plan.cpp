// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/clip_plan.h"

#include "core/model/hls_resume.h"

namespace rec {
namespace {

UtcTime end_of(const ClipSegment &segment) {
  return segment.started + std::chrono::duration_cast<std::chrono::microseconds>(segment.duration);
}

bool is_in(const ClipRange &range, ClipBounds bounds, const ClipSegment &segment) {
  if (range.to && segment.started >= *range.to) return false;
  if (!range.from) return true;
  return bounds == ClipBounds::inside ? segment.started >= *range.from : end_of(segment) > *range.from;
}

// Where a playlist of the recording ended and another one went on numbers begin anew: better one
// discontinuity too many than one that nobody tells the player of.
bool continues(const ClipSegment &before, const ClipSegment &segment) {
  return !segment.discontinuity && segment.recording == before.recording &&
         segment.sequence == before.sequence + 1;
}

}  // namespace

std::vector<ClipEntry> segments_in(const ClipRange &range, ClipBounds bounds,
                                   const std::vector<ClipSegment> &all) {
  std::vector<ClipEntry> entries;
  std::optional<std::size_t> map;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ClipSegment &segment = all[i];
    if (i > 0 && segment.recording != all[i - 1].recording) map.reset();
    if (segment.is_map) {
      map = i;
      continue;
    }
    if (!is_in(range, bounds, segment)) continue;
    const bool breaks = !entries.empty() && !continues(all[entries.back().segment], segment);
    entries.push_back({.segment = i, .map = map, .discontinuity = breaks});
  }
  return entries;
}

MediaPlaylist clip_playlist(const std::vector<ClipEntry> &entries, const std::vector<ClipSegment> &all,
                            const std::vector<std::string> &uris) {
  MediaPlaylist playlist;
  playlist.type = PlaylistType::vod;
  playlist.end_list = true;
  playlist.target_duration = Seconds(1);
  for (const ClipEntry &entry : entries) {
    const ClipSegment &from = all[entry.segment];
    MediaSegment segment;
    segment.uri = uris[entry.segment];
    segment.duration = to_playlist(from.duration);
    segment.discontinuity = entry.discontinuity;
    if (playlist.segments.empty() || entry.discontinuity)
      segment.program_date_time = to_playlist(from.started);
    if (entry.map) segment.map = MediaMap{uris[*entry.map], std::nullopt};
    playlist.target_duration = target_duration_for(segment.duration, playlist.target_duration);
    playlist.segments.push_back(std::move(segment));
  }
  playlist.version = required_version(playlist);
  return playlist;
}

}  // namespace rec
