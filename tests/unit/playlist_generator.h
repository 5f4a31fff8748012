// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <iterator>
#include <optional>
#include <random>
#include <string>

#include "core/model/media_playlist.h"

namespace rec {

// A seeded generator of valid playlists: every feature, alone and together.
class PlaylistGenerator {
 public:
  explicit PlaylistGenerator(unsigned seed) : random_(seed) {}

  MediaPlaylist playlist() {
    MediaPlaylist p;
    p.target_duration = Seconds(1 + below(30));
    p.media_sequence = chance() ? below(1'000'000) : 0;
    p.discontinuity_sequence = chance() ? below(1000) : 0;
    p.type = static_cast<PlaylistType>(below(3));
    p.independent_segments = chance();
    const bool with_map = chance(), with_range = chance();
    for (auto n = below(20); n > 0; --n) p.segments.push_back(next_segment(p, with_map, with_range));
    p.end_list = chance();
    if (!p.end_list && chance()) p.open = OpenSegment{uri(), chance(), time(), map(with_map)};
    p.version = required_version(p);
    return p;
  }

  // One random edit of a text: what a torn or hostile file looks like.
  std::string damage(std::string text) {
    const auto at = below(text.size());
    switch (below(4)) {
      case 0:
        return text.substr(0, at);
      case 1:
        text[at] = static_cast<char>(below(256));
        return text;
      case 2:
        return text.insert(at, text.substr(below(text.size()), below(40)));
      default:
        return text.erase(at, below(40));
    }
  }

 private:
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_);
  }
  bool chance() { return below(2) == 0; }
  std::optional<PlaylistTime> time() {
    if (chance()) return std::nullopt;
    return PlaylistTime(std::chrono::milliseconds(below(253'402'300'800'000)));
  }
  std::string uri() {
    static const char *const kParts[] = {"a",      "segment",    "0",      "/", " b", "%20",
                                         "\u00e9", "\U0001f4fc", "?x=1&y", ",", "="};
    std::string text = "u";
    for (auto n = below(8); n > 0; --n) text += kParts[below(std::size(kParts))];
    return text;
  }
  std::optional<MediaMap> map(bool with_map) {
    if (!with_map) return std::nullopt;
    return MediaMap{uri(), chance() ? std::optional(ByteRange{1 + below(1000), below(1000)}) : std::nullopt};
  }
  MediaSegment next_segment(const MediaPlaylist &p, bool with_map, bool with_range) {
    MediaSegment s;
    s.uri = uri();
    s.duration =
        PlaylistDuration(below(static_cast<std::uint64_t>(p.target_duration.count()) * 1'000'000 + 500'000));
    if (chance()) s.title = uri();
    s.discontinuity = below(4) == 0;
    s.gap = below(16) == 0;
    s.program_date_time = time();
    s.map = map(with_map);
    if (with_range) s.range = ByteRange{1 + below(1'000'000), below(UINT32_MAX)};
    return s;
  }

  std::mt19937_64 random_;
};

}  // namespace rec
