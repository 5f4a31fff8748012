// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/media_playlist.h"

#include <algorithm>

#include "core/model/utf8.h"

namespace rec {
namespace {

constexpr char kRevoked[] = "a map cannot be revoked (RFC 8216 section 4.3.2.5)";

// ISO 8601 has four digits for the year.
bool is_writable(PlaylistTime time) {
  return time >= PlaylistTime{} &&
         time < PlaylistTime(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1));
}

// A URI stands on a line of its own (RFC 8216 section 4.1) or in quotes (section 4.2).
std::string uri_violation(const std::string &uri) {
  if (uri.empty()) return "the URI is empty";
  if (uri.size() > 8192) return "the URI is longer than 8192 bytes";
  if (uri[0] == '#') return "a URI cannot start with '#'";
  if (uri.front() == ' ' || uri.back() == ' ') return "a URI cannot start or end with a space";
  if (uri.find('"') != std::string::npos) return "a URI cannot contain '\"'";
  if (!is_printable_utf8(uri)) return "the URI is not UTF-8 without control characters";
  return {};
}

std::string range_violation(const ByteRange &range) {
  if (range.length == 0) return "a byte range cannot be empty";
  if (range.offset && *range.offset + range.length < range.length) return "the byte range ends beyond 2^64";
  return {};
}

std::string map_violation(const MediaMap &map) {
  if (auto why = uri_violation(map.uri); !why.empty()) return "map: " + why;
  if (!map.range) return {};
  if (!map.range->offset) return "map: its byte range needs an offset (RFC 8216 section 4.3.2.5)";
  return range_violation(*map.range);
}

std::string order_violation(const MediaSegment *previous, const MediaSegment &segment) {
  if (previous && previous->map && !segment.map) return kRevoked;
  if (!segment.range || segment.range->offset) return {};
  if (!previous || !previous->range || previous->uri != segment.uri)
    return "a byte range without an offset must follow one of the same resource (RFC 8216 section 4.3.2.2)";
  return {};
}

}  // namespace

unsigned required_version(const MediaSegment &segment) {
  if (segment.gap) return 8;
  if (segment.map) return 6;
  return segment.range ? 4 : 3;
}

unsigned required_version(const OpenSegment &segment) { return segment.map ? 6 : 3; }

unsigned required_version(const MediaPlaylist &playlist) {
  unsigned version = 3;
  for (const auto &segment : playlist.segments) version = std::max(version, required_version(segment));
  if (playlist.open) version = std::max(version, required_version(*playlist.open));
  return version;
}

std::string violation(Seconds target_duration, const MediaSegment *previous, const MediaSegment &segment) {
  if (auto why = uri_violation(segment.uri); !why.empty()) return why;
  if (segment.duration < PlaylistDuration::zero()) return "a duration cannot be negative";
  if (segment.duration > kMaxTargetDuration) return "the duration is out of bounds";
  if (segment.duration >=
      target_duration + std::chrono::milliseconds(500))  // "rounded to the nearest integer"
    return "the segment is longer than EXT-X-TARGETDURATION (RFC 8216 section 4.3.3.1)";
  if (segment.title.size() > 8192 || !is_printable_utf8(segment.title))
    return "the title is not UTF-8 without control characters";
  if (segment.program_date_time && !is_writable(*segment.program_date_time))
    return "the program date is out of bounds";
  if (segment.range)
    if (auto why = range_violation(*segment.range); !why.empty()) return why;
  if (segment.map)
    if (auto why = map_violation(*segment.map); !why.empty()) return why;
  return order_violation(previous, segment);
}

std::string violation(const MediaSegment *previous, const OpenSegment &open) {
  MediaSegment listed;
  listed.uri = open.uri;
  listed.program_date_time = open.program_date_time;
  listed.map = open.map;
  return violation(kMaxTargetDuration, previous, listed);
}

std::string violation(const MediaPlaylist &playlist) {
  if (playlist.target_duration < Seconds(1) || playlist.target_duration > kMaxTargetDuration)
    return "EXT-X-TARGETDURATION is out of bounds";
  if (playlist.segments.size() > kMaxPlaylistSegments) return "there are too many segments";
  if (playlist.media_sequence + playlist.segments.size() < playlist.media_sequence)
    return "EXT-X-MEDIA-SEQUENCE is out of bounds";
  if (playlist.open && playlist.end_list) return "an ended playlist cannot have an open segment";
  if (!playlist.open) return {};
  return violation(playlist.segments.empty() ? nullptr : &playlist.segments.back(), *playlist.open);
}

}  // namespace rec
