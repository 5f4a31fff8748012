// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rec::test {

// A judge of Media Playlists, written from RFC 8216 and draft-pantos-hls-rfc8216bis; it shares nothing with
// core/model. Players forgive much of what it does not.

struct LintedSegment {
  std::string uri;
  double duration = 0;  // s
  bool discontinuity = false;
  bool gap = false;
  std::string map;   // attributes of the EXT-X-MAP in force
  std::string date;  // EXT-X-PROGRAM-DATE-TIME
  bool operator==(const LintedSegment &) const = default;
};

struct LintedPlaylist {
  std::vector<LintedSegment> segments;
  std::uint64_t media_sequence = 0, discontinuity_sequence = 0, target_duration = 0, version = 1;
  std::string type;  // "EVENT", "VOD", "" for a sliding window
  bool end_list = false;
  std::vector<std::string> complaints;  // "line 7: ..." of the rule that is broken
};

// Judges one text. `exists` says whether a segment's or map's URI leads to a file; none: all do.
LintedPlaylist lint_playlist(std::string_view text,
                             const std::function<bool(const std::string &)> &exists = {});

// What must not happen between two versions of a playlist (RFC 8216 section 6.2.1 and 6.2.2).
std::vector<std::string> lint_change(const LintedPlaylist &before, const LintedPlaylist &after);

// Whether a relative or absolute URI leads to a file, seen from the playlist; others are taken to exist.
bool uri_exists(const std::string &playlist_path, const std::string &uri);

}  // namespace rec::test
