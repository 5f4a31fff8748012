// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

namespace rec {

// flvmux (to 1.28 at least) reserves room for its keyframe index with one string "gstfiller" in onMetaData.
// Where the string is longer than 1023 bytes ffmpeg's demuxer complains ("AMF_DATA_TYPE_STRING parsing
// failed").
//
// The same metadata with the string split into strings that every demuxer reads; nothing moves. flvmux writes
// the metadata again at the end, but of the filler only its head: what it leaves out is added, so that no
// older filler's head is read in the middle of a newer one. Other bytes come back unchanged.
std::string with_short_flv_filler(std::string_view metadata);

// The room that is reserved in the metadata: properties "gstfiller", one behind the other.
struct FlvFiller {
  std::size_t at = 0;
  std::size_t size = 0;  // 0: there is none
};
FlvFiller find_flv_filler(std::string_view metadata);

inline constexpr std::size_t kLeastFlvFiller = 14;
// Properties that take so many bytes, kLeastFlvFiller or more.
std::string flv_filler(std::size_t size);

}  // namespace rec
