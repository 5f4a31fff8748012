// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rec {

// Adobe Video File Format 10.1, annex E: 11 bytes of header, data, and the size of both again as 32 bits. For
// video with a FourCC, Enhanced RTMP v1.
inline constexpr std::size_t kFlvTagHeaderBytes = 11;
inline constexpr std::size_t kFlvTrailerBytes = 4;
inline constexpr std::size_t kFlvTagLookedAt = 6;  // bytes of a tag's data that tell what it is
enum FlvTagType : std::uint8_t { kFlvAudio = 8, kFlvVideo = 9, kFlvScript = 18 };

// What the first bytes of a tag's data say of it; they may be fewer than kFlvTagLookedAt, but not none.
struct FlvTagKind {
  enum class Role { config, frame, end_of_sequence, script, other };
  Role role = Role::other;
  bool is_keyframe = false;
  std::string format = {};  // what must not change: the codec, and what audio says in each tag
  std::string codec = {};   // "h264", "h265", "aac"; "" = another one
};
FlvTagKind flv_video_kind(std::span<const std::uint8_t> data);
FlvTagKind flv_audio_kind(std::span<const std::uint8_t> data);

}  // namespace rec
