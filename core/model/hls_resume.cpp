// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/hls_resume.h"

#include <algorithm>
#include <utility>

namespace rec {
namespace {

bool stays_as_it_is(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!stays_as_it_is(text[i])) return std::nullopt;
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  return out;
}

bool has_parent_step(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return false;
}

std::string prefix_of(std::string_view root) {
  std::string prefix(root);
  if (!prefix.empty() && prefix.back() != '/') prefix += '/';
  return prefix;
}

}  // namespace

Seconds target_duration_for(PlaylistDuration segment, Seconds least) {
  return std::max(least, std::chrono::floor<Seconds>(segment + std::chrono::milliseconds(500)));
}

SegmentFormat format_of(const OpenSegment &open) {
  return open.map ? SegmentFormat::cmaf : SegmentFormat::ts;
}

std::optional<MediaSegment> settled(const OpenSegment &open, const std::optional<FoundSegment> &found) {
  if (!found) return std::nullopt;
  MediaSegment segment;
  segment.uri = open.uri;
  segment.duration = std::min<PlaylistDuration>(to_playlist(found->duration), kMaxTargetDuration);
  segment.discontinuity = open.discontinuity;
  segment.program_date_time = open.program_date_time;
  segment.map = open.map;
  return segment;
}

MediaPlaylist settle_open_segment(MediaPlaylist playlist, const std::optional<FoundSegment> &found) {
  const auto open = std::exchange(playlist.open, std::nullopt);
  if (!open) return playlist;
  auto segment = settled(*open, found);
  if (!segment) return playlist;
  playlist.target_duration = target_duration_for(segment->duration, playlist.target_duration);
  playlist.segments.push_back(*std::move(segment));
  return playlist;
}

MediaPlaylist finished(MediaPlaylist playlist) {
  if (playlist.type != PlaylistType::none) playlist.type = PlaylistType::vod;  // else it has slid
  playlist.open.reset();
  playlist.end_list = true;
  return playlist;
}

std::uint64_t next_sequence(const MediaPlaylist &playlist) {
  return playlist.media_sequence + playlist.segments.size();
}

Nanoseconds media_duration(const MediaPlaylist &playlist) {
  Nanoseconds sum{0};
  for (const auto &segment : playlist.segments) sum += segment.duration;
  return sum;
}

std::optional<std::string> uri_after(std::string_view uri) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t name = uri.rfind('/') == std::string_view::npos ? 0 : uri.rfind('/') + 1;
  const std::size_t last = uri.find_last_of(kDigits, std::min(uri.rfind('.'), uri.size()));
  if (last == std::string_view::npos || last < name) return std::nullopt;
  std::string next(uri);
  std::size_t i = last;
  for (; next[i] == '9'; --i) {
    next[i] = '0';
    const bool more = i > name && kDigits.find(next[i - 1]) != std::string_view::npos;
    if (!more) return next.insert(i, 1, '1');
  }
  ++next[i];
  return next;
}

std::optional<PlaylistTime> segment_time(const MediaPlaylist &playlist, std::size_t index) {
  PlaylistDuration since{0};
  for (std::size_t i = index + 1; i-- > 0;) {
    const MediaSegment &segment = playlist.segments[i];
    if (i != index) since += segment.duration;
    if (segment.program_date_time)
      return *segment.program_date_time + std::chrono::floor<std::chrono::milliseconds>(since);
  }
  return std::nullopt;
}

std::string uri_of_file(std::string_view file, std::string_view root) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = prefix_of(root);
  for (const char c : file) {
    if (stays_as_it_is(c)) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return uri;
}

std::optional<std::string> file_of_uri(std::string_view uri, std::string_view root) {
  const std::string prefix = prefix_of(root);
  if (!uri.starts_with(prefix)) return std::nullopt;
  auto file = percent_decoded(uri.substr(prefix.size()));
  if (!file || file->empty() || has_parent_step(*file)) return std::nullopt;
  return file;
}

}  // namespace rec
