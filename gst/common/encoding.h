// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "gst/common/gst_ptr.h"

namespace rec {

// Whether a decoder that was set up for `a` can go on with `b`: same codec, parameter sets, picture size,
// sample rate and channels. What else caps say (frame rate, aspect ratio...) may change within a file.
bool same_encoding(const Ref<GstCaps> &a, const Ref<GstCaps> &b);
// The same number for the same encoding, in every process.
std::uint64_t encoding_digest(const Ref<GstCaps> &caps);

// "h264", "h265", "mpeg4" (part 2), "aac", "mp3", "opus".
std::string codec_name(const Ref<GstCaps> &caps);

// Caps of raw AAC from which ADTS can be made: those of the core where the stream is said to be HE-AAC
// (core/model/aac_config). All others as they are.
Ref<GstCaps> adts_source(const Ref<GstCaps> &caps);

// Whether pictures may be shown in another order than they are sent: not in the profiles without B-frames.
bool may_reorder(const Ref<GstCaps> &caps);

struct PictureSize {
  unsigned width = 0;
  unsigned height = 0;
};
PictureSize picture_size(const Ref<GstCaps> &caps);  // 0x0 where the caps do not say

}  // namespace rec
