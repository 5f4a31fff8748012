// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "gst/common/gst_ptr.h"

namespace rec {

// H.264 and H.265 parsers (1.22 to 1.28) keep the codec_data of their caps when a stream brings other
// parameter sets in band only, so that a container would describe the video by sets that are not its own.
//
// Caps of a frame in the packetized framing: `caps`, or where it brings parameter sets that its codec_data
// lacks, caps that describe it: its own codec_data, picture size, profile and level. For keyframes; costs a
// look at the frame's NAL units, and a parser's run when there is something new.
Ref<GstCaps> caps_with_sets_of(GstBuffer *frame, const Ref<GstCaps> &caps);

}  // namespace rec
