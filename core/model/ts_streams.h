// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace rec {

// What the first program map of a transport stream says is in it: "h264", "h265"; "aac", "mp3"; "" = none, or
// another codec. ISO/IEC 13818-1, 2.4.4. Hostile bytes are fine.
struct TsStreams {
  std::string video_codec;
  std::string audio_codec;
};
TsStreams ts_streams(std::span<const std::uint8_t> beginning);

}  // namespace rec
