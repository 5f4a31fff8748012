// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "core/model/media_playlist.h"

namespace rec {
namespace {

// ISO 8601 with milliseconds and a zone, as RFC 8216 section 4.3.2.6 wants it.
std::string write_time(PlaylistTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

// Seconds with six decimals, from integers: no rounding can creep in.
std::string write_duration(PlaylistDuration duration) {
  char text[64];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(duration.count() / 1'000'000),
                static_cast<long long>(duration.count() % 1'000'000));
  return text;
}

std::string write_range(const ByteRange &range) {
  return std::to_string(range.length) + (range.offset ? "@" + std::to_string(*range.offset) : "");
}

void write_map(std::string &out, const MediaMap &map) {
  out += "#EXT-X-MAP:URI=\"" + map.uri + '"';
  if (map.range) out += ",BYTERANGE=\"" + write_range(*map.range) + '"';
  out += '\n';
}

void write_header(std::string &out, const MediaPlaylist &p) {
  out += "#EXTM3U\n#EXT-X-VERSION:" + std::to_string(std::max(p.version, required_version(p)));
  out += "\n#EXT-X-TARGETDURATION:" + std::to_string(p.target_duration.count());
  out += "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(p.media_sequence) + '\n';
  if (p.discontinuity_sequence != 0)
    out += "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(p.discontinuity_sequence) + '\n';
  if (p.type == PlaylistType::event) out += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
  if (p.type == PlaylistType::vod) out += "#EXT-X-PLAYLIST-TYPE:VOD\n";
  if (p.independent_segments) out += "#EXT-X-INDEPENDENT-SEGMENTS\n";
}

void write_segment(std::string &out, const MediaSegment *previous, const MediaSegment &s) {
  if (s.discontinuity) out += "#EXT-X-DISCONTINUITY\n";
  // Said again after a discontinuity: some players forget the map there.
  if (s.map && (s.discontinuity || !previous || previous->map != s.map)) write_map(out, *s.map);
  if (s.program_date_time) out += "#EXT-X-PROGRAM-DATE-TIME:" + write_time(*s.program_date_time) + '\n';
  if (s.gap) out += "#EXT-X-GAP\n";
  out += "#EXTINF:" + write_duration(s.duration) + ',' + s.title + '\n';
  if (s.range) out += "#EXT-X-BYTERANGE:" + write_range(*s.range) + '\n';
  out += s.uri + '\n';
}

void write_open(std::string &out, const OpenSegment &open) {
  out += "# gst-recording open segment: ";
  if (open.discontinuity) out += "DISCONTINUITY=YES,";
  if (open.program_date_time) out += "PROGRAM-DATE-TIME=\"" + write_time(*open.program_date_time) + "\",";
  if (open.map) out += "MAP-URI=\"" + open.map->uri + "\",";
  if (open.map && open.map->range) out += "MAP-BYTERANGE=\"" + write_range(*open.map->range) + "\",";
  out += "URI=\"" + open.uri + "\"\n";
}

Error refused(std::string why) {
  return {Errc::invalid_argument, "cannot write the playlist: " + std::move(why)};
}

}  // namespace

Result<std::string> write_more(const MediaSegment *previous, const MediaPlaylist &more) {
  std::string out;
  for (const MediaSegment &segment : more.segments) {
    if (auto why = violation(more.target_duration, previous, segment); !why.empty())
      return refused("segment '" + segment.uri + "': " + why);
    write_segment(out, previous, segment);
    previous = &segment;
  }
  if (more.open) {
    if (auto why = violation(previous, *more.open); !why.empty())
      return refused("open segment '" + more.open->uri + "': " + why);
    write_open(out, *more.open);
  }
  if (more.end_list) out += "#EXT-X-ENDLIST\n";
  return out;
}

Result<std::string> write_playlist(const MediaPlaylist &playlist) {
  if (auto why = violation(playlist); !why.empty()) return refused(std::move(why));
  std::string out;
  out.reserve(256 + playlist.segments.size() * 64);
  write_header(out, playlist);
  REC_TRY(const std::string body, write_more(nullptr, playlist));
  out += body;
  if (out.size() > kMaxPlaylistBytes) return refused("it is too large");
  return out;
}

}  // namespace rec
