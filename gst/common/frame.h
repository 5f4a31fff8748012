// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <optional>

#include "core/base/clock.h"
#include "core/model/format.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// One access unit (video) or audio frame, on the recorder's time line (core/model/timeline.h).
struct Frame {
  std::size_t track = 0;
  MediaKind kind = MediaKind::video;
  Ref<GstBuffer> buffer;
  Ref<GstCaps> caps;                              // in force for this frame
  Nanoseconds dts{0};                             // on the line
  Nanoseconds pts{0};                             // on the line; may precede dts of later frames
  Nanoseconds duration{0};                        // > 0, estimated where the stream does not say
  Nanoseconds source_pts{0};                      // running time as it came
  std::optional<UtcTime> sent_at = std::nullopt;  // ParsedBuffer::sent_at, for `pts`
  bool keyframe = false;                          // audio frames always are
  bool breaks = false;  // first frame after the publisher's timestamps broke or another push began

  Nanoseconds end() const { return pts + duration; }
};

}  // namespace rec
