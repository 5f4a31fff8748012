// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/media_playlist.h"
#include "core/model/segment_scan.h"

namespace rec {

// How a playlist found on disk is continued or closed. Who finds one:
//
//   1. reads and parses it; an `end_list` ends the matter;
//   2. if it has an `open` segment: looks for the file, which is file_of_uri(open->uri) in the playlist's
//      folder when the writer died after renaming it, else the temporary name of that; cuts it to
//      FoundSegment::complete_bytes, makes it durable and gives it its final name;
//   3. settles the open segment with what it found;
//   4. goes on at next_sequence() with a discontinuity, or writes finished().

// What has a map is fragmented MP4.
SegmentFormat format_of(const OpenSegment &open);

// How an open segment is listed when its file holds `found`; nothing when nothing of it plays.
std::optional<MediaSegment> settled(const OpenSegment &open, const std::optional<FoundSegment> &found);

// The playlist after its open segment was settled: listed when `found`, forgotten otherwise (no file, or
// nothing playable in it). EXT-X-TARGETDURATION is raised when the segment needs it.
MediaPlaylist settle_open_segment(MediaPlaylist playlist, const std::optional<FoundSegment> &found);

// The closed form: VOD unless it was a sliding window, with EXT-X-ENDLIST, without an open segment.
MediaPlaylist finished(MediaPlaylist playlist);

// Media sequence number of the segment that comes next.
std::uint64_t next_sequence(const MediaPlaylist &playlist);

// Sum of the listed segments: media, without the time between two pushes.
Nanoseconds media_duration(const MediaPlaylist &playlist);

// The URI of the segment that a numbering writer calls next: the last number in the name, one higher and not
// shorter ("a/s009.ts" -> "a/s010.ts"); nothing when the name has no number.
std::optional<std::string> uri_after(std::string_view uri);

// Wall clock of a segment's first frame: the last EXT-X-PROGRAM-DATE-TIME at or before it and the media
// since; nothing when there is none. `index` < playlist.segments.size().
std::optional<PlaylistTime> segment_time(const MediaPlaylist &playlist, std::size_t index);

// EXT-X-TARGETDURATION that a segment of this length needs (RFC 8216 section 4.3.3.1), at least `least`.
Seconds target_duration_for(PlaylistDuration segment, Seconds least);

// The URI under which a playlist names a file, given relative to the playlist's folder or absolute: UTF-8
// bytes outside letters, digits and "-._~/" percent-encoded (RFC 3986 section 2.1), `root` put before it with
// one '/' between unless it is empty.
std::string uri_of_file(std::string_view file, std::string_view root = {});

// The file that uri_of_file() named; nothing when the URI is not of that form, or leads out of the folder in
// which a relative one starts.
std::optional<std::string> file_of_uri(std::string_view uri, std::string_view root = {});

}  // namespace rec
