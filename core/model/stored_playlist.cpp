// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/stored_playlist.h"

#include <algorithm>

namespace rec {
namespace {

constexpr Milliseconds kPerSegment{1};  // some 64 bytes of it, at 64 KiB/s

// The URI of the initialisation section that the line names; "" = it names none.
std::string_view map_in(std::string_view line) {
  constexpr std::string_view kUri = "URI=\"";
  if (!line.starts_with("#EXT-X-MAP:")) return {};
  const auto at = line.find(kUri);
  if (at == line.npos) return {};
  line.remove_prefix(at + kUri.size());
  return line.substr(0, line.find('"'));
}

}  // namespace

std::string stored_part_of(std::string_view playlist, const StoredSegments &stored) {
  std::size_t whole = 0;  // what may be told
  bool has_last = false;
  bool is_broken = false;
  for (std::size_t at = 0; at < playlist.size() && !has_last;) {
    const auto end = playlist.find('\n', at);
    if (end == playlist.npos) break;
    std::string_view line = playlist.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_segment = !line.empty() && !line.starts_with('#');
    const std::string_view uri = is_segment ? line : map_in(line);
    is_broken = is_broken || (!uri.empty() && stored.missing.contains(uri));
    at = end + 1;
    if (is_segment && !is_broken) whole = at;
    has_last = is_segment && line == stored.last;
  }
  // Without the newest one it is another playlist than that which the store knows about.
  return has_last ? std::string(playlist.substr(0, whole)) : std::string();
}

Nanoseconds playlist_refresh(Nanoseconds wanted, std::uint64_t segments) {
  constexpr std::uint64_t kMost = 3'600'000;
  return std::max<Nanoseconds>(wanted, kPerSegment * static_cast<std::int64_t>(std::min(segments, kMost)));
}

}  // namespace rec
