// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rec {

// Ticks per second in every track of every initialisation section: players keep that of the first one over a
// discontinuity (GStreamer's hlsdemux, ffmpeg), so it must not change with the sample rate.
inline constexpr std::uint32_t kCmafTimescale = 90000;

// One track of fragmented MP4 segments.
struct CmafTrack {
  enum class Codec { h264, h265, aac, mp3 };

  Codec codec = Codec::h264;
  // avcC (ISO/IEC 14496-15 5.3.3.1), hvcC (8.3.3.1), AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1); empty for
  // MP3. Copied unread.
  std::string config;
  std::uint32_t width = 0;  // pixels
  std::uint32_t height = 0;
  std::uint32_t rate = 0;  // Hz
  std::uint32_t channels = 0;

  bool is_video() const { return codec == Codec::h264 || codec == Codec::h265; }
};

// The initialisation section (EXT-X-MAP, RFC 8216 section 4.3.2.5; ISO/IEC 14496-12): ftyp and a moov without
// samples. The tracks' ids are 1, 2... in the order given. There is no edit list, which some players ignore.
// The same tracks give the same bytes.
std::string write_cmaf_init(const std::vector<CmafTrack> &tracks);

}  // namespace rec
