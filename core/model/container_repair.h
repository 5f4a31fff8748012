// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/format.h"

namespace rec {

// The bytes of a file that its writer did not live to close. The caller does the reading.
struct ByteSource {
  std::uint64_t size = 0;
  // Fills `out` from `offset`; false when that many bytes cannot be read.
  std::function<bool(std::uint64_t offset, std::span<std::uint8_t> out)> read;
};

// What makes a whole file of it: cut it to `keep_bytes`, write the tail behind them, then, when that is on
// the disk, overwrite the patches in their order. Planning again after any part of that leads to the same
// file.
struct Repair {
  struct Patch {
    std::uint64_t offset = 0;  // offset + bytes.size() <= keep_bytes
    std::string bytes;
  };
  std::uint64_t keep_bytes = 0;
  std::string tail;
  std::vector<Patch> patches;
  std::uint64_t size() const { return keep_bytes + tail.size(); }  // of the whole file
  // What is left in it; "" and 0 where unknown or missing.
  Nanoseconds duration{0};
  std::string video_codec;  // "h264", "h265"
  std::uint32_t width = 0;  // pixels
  std::uint32_t height = 0;
  std::string audio_codec;  // "aac", "mp3"
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
};

// Plans the repair. Hostile bytes are fine: every length is checked, work is linear in the size.
//   flv  to the last whole tag; duration and filesize in onMetaData are set, and a keyframe index is written
//        into the room that flvmux reserves for it there ("gstfiller"; without such room there is none)
//   aac  to the last whole ADTS frame
//   mp3  to the last whole MPEG audio frame
//   mp4  to the last whole fragment (ISO/IEC 14496-12; a moof before or after its mdat), and to a plain MP4,
//        if each moof comes before its mdat; a few bytes of memory per frame
// Errors: corrupt = nothing playable is in it; invalid_argument = no such repair for this format.
Result<Repair> plan_repair(Format format, const ByteSource &source);

Result<Repair> plan_flv_repair(const ByteSource &source);
Result<Repair> plan_adts_repair(const ByteSource &source);
Result<Repair> plan_mp3_repair(const ByteSource &source);
Result<Repair> plan_mp4_repair(const ByteSource &source);

}  // namespace rec
