// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

namespace rec {

// mp4mux (1.22 to 1.28 at least) takes default_sample_duration, default_sample_size and default_sample_flags
// back from tfhd as soon as samples differ, and lets the runs say them. A run of one sample that is begun
// afterwards and equals what the default was says nothing: a duration or size of 0, a frame that counts as a
// keyframe. Demuxers refuse such a file while it grows; only the moov at its end is right.
//
// `moof`: one box as mp4mux writes it. Returns it with every sample told in full, in as many bytes, for the
// muxer has counted them; what remains is a free box inside. Only whether a fragment's first frame is a
// keyframe cannot always be known. Bytes without the fault, that are something else or that have no room for
// it come back unchanged. Hostile bytes are fine; work is linear in the size. ISO/IEC 14496-12, 8.8.4
// to 8.8.12.
std::string with_whole_runs(std::string_view moof);

}  // namespace rec
