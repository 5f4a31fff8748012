// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "core/model/container_repair.h"
#include "core/model/mp4_index.h"

namespace rec {

// What the whole fragments of an MP4 hold that grows, or of an initialisation section with segments behind
// it.
struct Mp4Fragments {
  std::vector<std::uint8_t> moov;                 // payload; without samples
  Mp4SampleTables tables;                         // of all fragments, with the samples' places in the file
  std::map<std::uint32_t, std::uint64_t> begins;  // by track: when its first sample is decoded
};
// corrupt = no whole fragment is in it.
Result<Mp4Fragments> read_mp4_fragments(const ByteSource &source);

}  // namespace rec
