// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/model/mp4_index.h"

namespace rec {

using CmafSample = Mp4SampleTable::Sample;

// What a fragment holds of one track.
struct CmafRun {
  std::uint32_t track_id = 0;
  std::uint64_t time =
      0;  // decoding time of its first sample, kCmafTimescale; the others follow without a gap
  bool is_video = false;
  std::vector<CmafSample> samples;  // at least one
};

// A fragment's head (ISO/IEC 14496-12 8.8): the moof and the header of the mdat; the samples' bytes follow,
// run after run. One traf for each run, offsets from the moof, tfdt with 64 bits. All bytes of one fragment
// are below 2^31.
std::string write_cmaf_fragment(std::uint32_t number, const std::vector<CmafRun> &runs);

// What every segment begins with: styp, ISO/IEC 14496-12 8.16.2.
std::string write_cmaf_segment_type();

}  // namespace rec
