// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/live_window.h"

#include <filesystem>
#include <iterator>

#include "core/model/hls_resume.h"

namespace rec {

MediaPlaylist windowed(MediaPlaylist playlist, std::size_t length) {
  playlist.type = PlaylistType::none;
  playlist.open.reset();
  Nanoseconds left = media_duration(playlist);
  std::size_t gone = 0;
  for (; playlist.segments.size() - gone > length; ++gone) {
    const MediaSegment &first = playlist.segments[gone];
    if (left - first.duration < 3 * playlist.target_duration) break;
    left -= first.duration;
    ++playlist.media_sequence;
    if (first.discontinuity) ++playlist.discontinuity_sequence;
  }
  playlist.segments.erase(playlist.segments.begin(),
                          std::next(playlist.segments.begin(), static_cast<std::ptrdiff_t>(gone)));
  return playlist;
}

std::string uri_seen_from(const std::string &uri, std::string_view from, std::string_view to) {
  namespace fs = std::filesystem;
  const fs::path here = fs::path(from).parent_path(), there = fs::path(to).parent_path();
  const auto file = file_of_uri(uri);
  if (!file || fs::path(*file).is_absolute() || here == there) return uri;
  return uri_of_file(
      ((here / *file).lexically_normal()).lexically_relative(there.lexically_normal()).string());
}

}  // namespace rec
