// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/container_repair.h"
#include "core/model/mp4_index.h"

namespace rec {

// An MP4 that becomes a part of another one, or a range of it. ISO/IEC 14496-12.
struct Mp4Part {
  struct Track {
    std::uint32_t id = 0;
    std::uint32_t handler = 0;  // "vide", "soun"
    std::uint32_t timescale = 0;
    std::string description;  // its stsd, without what may differ between parts
    std::int64_t begins_at =
        0;  // when its first sample is decoded, on the line of the file; in its timescale
  };
  std::string type;                // the ftyp box
  std::vector<std::uint8_t> moov;  // payload
  std::vector<Track> tracks;
  Mp4SampleTables tables;
  Mp4SampleTable::Extent media{0, 0};  // where the samples lie
};

// Reads a plain file. Nothing when it is none, its index does not fit it, or its edit lists do more than
// shift a track. Hostile bytes are fine.
std::optional<Mp4Part> read_plain_mp4(const ByteSource &source);
// Reads also one that grows: a moov and whole fragments.
std::optional<Mp4Part> read_any_mp4(const ByteSource &source);

// Only the frames of a range, times from the part's beginning: from the last keyframe at or before `from` to
// the last frame that is shown before `to`. Sound begins where the pictures do. False: there are none.
bool cut_mp4_part(Mp4Part &part, std::optional<Nanoseconds> from, std::optional<Nanoseconds> to);

}  // namespace rec
