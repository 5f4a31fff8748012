// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

// The units in which a playlist is written, so that what is held is what is read back.
using PlaylistDuration = std::chrono::microseconds;                     // EXTINF with six decimals
using PlaylistTime = std::chrono::sys_time<std::chrono::milliseconds>;  // EXT-X-PROGRAM-DATE-TIME

inline PlaylistDuration to_playlist(Nanoseconds d) { return std::chrono::round<PlaylistDuration>(d); }
inline PlaylistTime to_playlist(UtcTime t) { return std::chrono::floor<std::chrono::milliseconds>(t); }

enum class PlaylistType { none, event, vod };  // EXT-X-PLAYLIST-TYPE, RFC 8216 section 4.3.3.5

// A sub-range of a resource, RFC 8216 section 4.3.2.2.
struct ByteRange {
  std::uint64_t length = 0;  // bytes, > 0
  std::optional<std::uint64_t>
      offset;  // from the start of the resource; absent: after the previous sub-range
  bool operator==(const ByteRange &) const = default;
};

// The media initialisation section of a segment, RFC 8216 section 4.3.2.5.
struct MediaMap {
  std::string uri;
  std::optional<ByteRange> range;  // with an offset
  bool operator==(const MediaMap &) const = default;
};

// RFC 8216 sections 3 and 4.3.2.
struct MediaSegment {
  std::string uri;               // relative to the playlist, or absolute
  PlaylistDuration duration{0};  // EXTINF: media in the segment, >= 0
  std::string title;             // EXTINF's second part, usually empty
  bool discontinuity = false;    // EXT-X-DISCONTINUITY: encoding or timestamps break before this segment
  bool gap = false;  // EXT-X-GAP (rfc8216bis section 4.4.4.7): the file is not there, do not load it
  std::optional<PlaylistTime> program_date_time;  // of its first frame
  std::optional<ByteRange> range;
  std::optional<MediaMap> map;  // that applies to this segment, also when an earlier one brought it
  bool operator==(const MediaSegment &) const = default;
};

// The segment that is being written and is not listed yet. Kept in the playlist as a comment line, which
// players ignore, so that whoever finds the playlist after a crash can list what the file already holds. The
// last such line counts, until a segment is listed after it.
struct OpenSegment {
  std::string uri;             // its final name; while it grows it has the temporary one
  bool discontinuity = false;  // as in MediaSegment
  std::optional<PlaylistTime> program_date_time;
  std::optional<MediaMap> map;  // as in MediaSegment
  bool operator==(const OpenSegment &) const = default;
};

// A Media Playlist, RFC 8216 section 4.3.3. Segments in playback order.
struct MediaPlaylist {
  unsigned version = 3;                      // EXT-X-VERSION; at least required_version()
  Seconds target_duration{0};                // EXT-X-TARGETDURATION; no segment is longer, rounded to seconds
  std::uint64_t media_sequence = 0;          // number of segments[0]
  std::uint64_t discontinuity_sequence = 0;  // discontinuities before segments[0]
  PlaylistType type = PlaylistType::none;
  bool independent_segments = false;  // every segment starts with a keyframe
  std::vector<MediaSegment> segments;
  std::optional<OpenSegment> open;  // never together with end_list
  bool end_list = false;            // nothing will be added
  bool operator==(const MediaPlaylist &) const = default;
};

// Bounds of what is read and written.
inline constexpr std::size_t kMaxPlaylistBytes = 256u << 20;
inline constexpr std::size_t kMaxPlaylistSegments = 2'000'000;
inline constexpr Seconds kMaxTargetDuration{1'000'000};

// The protocol version that its features need, RFC 8216 section 7: 3 (decimal EXTINF), 4 (byte range), 6
// (map), 8 (gap; rfc8216bis section 8).
unsigned required_version(const MediaPlaylist &playlist);
unsigned required_version(const MediaSegment &segment);
unsigned required_version(const OpenSegment &segment);  // that it will be listed with

// What makes `segment`, put after `previous` (null: it is the first), unfit for a playlist with this target
// duration; empty when nothing does. Both the parser and the writer refuse what this refuses.
std::string violation(Seconds target_duration, const MediaSegment *previous, const MediaSegment &segment);
std::string violation(const MediaSegment *previous, const OpenSegment &open);
// The same for what is not about one segment.
std::string violation(const MediaPlaylist &playlist);

// The text of a playlist. Errc::invalid_argument names what RFC 8216 forbids. Whatever it writes,
// parse_playlist() reads back as an equal value.
Result<std::string> write_playlist(const MediaPlaylist &playlist);

// The lines that make the text of a playlist, whose last segment is `previous` (null: it has none), say also
// what `more` lists, opens and ends; its header is not written.
Result<std::string> write_more(const MediaSegment *previous, const MediaPlaylist &more);

// Reads what a recorder wrote, to go on writing it: besides RFC 8216's rules, a tag that would be lost in
// rewriting (keys, renditions, unknown ones) is an error. Comments are skipped. Errc::corrupt, "line 7: ...".
Result<MediaPlaylist> parse_playlist(std::string_view text);

// The same of a file that grows by appending, whose writer or machine may have died: lines at its end that
// are not complete are not read.
struct GrownText {
  MediaPlaylist playlist;
  std::size_t bytes = 0;  // of the text that say it; what follows was torn
};
Result<GrownText> parse_grown_playlist(std::string_view text);

}  // namespace rec
