// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace rec {

// What a recording is stored as (spec 3.1).
enum class Format { flv, mp4, aac, mp3, hls };

inline constexpr Format kAllFormats[] = {Format::flv, Format::mp4, Format::aac, Format::mp3, Format::hls};

std::string_view name_of(
    Format format);  // "flv", "mp4", "aac", "mp3", "hls": configuration, events, catalogue
std::string_view extension_of(Format format);  // of the finished file: "flv", ..., "m3u8"
std::optional<Format> format_named(std::string_view name);

// Reads "flv+mp4+aac" (also ',' or ';' between names). Errors name the part that is unknown or repeated.
Result<std::vector<Format>> parse_formats(std::string_view text);

}  // namespace rec
