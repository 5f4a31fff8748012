// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rec {

// What a playlist's URI stands for: the file's absolute path where it leads into the file system, seen from
// the playlist at the absolute path `playlist_path`; nothing where it has a scheme ("https://...") or makes
// no sense.
std::optional<std::string> path_of_uri(std::string_view uri, std::string_view playlist_path);

// The text of a media playlist with other URIs, for viewers: of segments and of EXT-X-MAP. `name` gives the
// new one, or nothing where there is no such thing: then a playlist that still grows ends before it (it is
// listed a moment before it is known), and another one says EXT-X-GAP there. Comments are left out. Any text
// is fine.
std::string served_playlist(std::string_view text,
                            const std::function<std::optional<std::string>(std::string_view uri)> &name);

}  // namespace rec
