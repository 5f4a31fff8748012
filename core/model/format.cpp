// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/format.h"

#include <algorithm>

namespace rec {

std::string_view name_of(Format format) {
  switch (format) {
    case Format::flv:
      return "flv";
    case Format::mp4:
      return "mp4";
    case Format::aac:
      return "aac";
    case Format::mp3:
      return "mp3";
    case Format::hls:
      break;
  }
  return "hls";
}

std::string_view extension_of(Format format) { return format == Format::hls ? "m3u8" : name_of(format); }

std::optional<Format> format_named(std::string_view name) {
  for (const Format format : kAllFormats)
    if (name == name_of(format)) return format;
  return std::nullopt;
}

Result<std::vector<Format>> parse_formats(std::string_view text) {
  std::vector<Format> formats;
  while (!text.empty()) {
    const auto end = text.find_first_of("+,;");
    const std::string_view name = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto format = format_named(name);
    if (!format)
      return Error{Errc::invalid_argument,
                   "unknown format '" + std::string(name) + "': expected flv, mp4, aac, mp3 or hls"};
    if (std::find(formats.begin(), formats.end(), *format) != formats.end())
      return Error{Errc::invalid_argument, "format '" + std::string(name) + "' is given twice"};
    formats.push_back(*format);
  }
  return formats;
}

}  // namespace rec
