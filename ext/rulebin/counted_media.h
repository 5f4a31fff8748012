// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <optional>
#include <vector>

#include "core/base/clock.h"
#include "core/model/media_counts.h"
#include "gst/common/gst_ptr.h"

namespace rec {

struct CountedMedia {
  MediaCounts counts = {};
  std::optional<Nanoseconds> silent_for = {};  // since the last frame; nothing = none came
};

// What `stats` of a recsink or a splicesink says. Media that were not to be recorded (a pre-roll that passed)
// are no drops.
CountedMedia read_counted_media(const GstStructure *stats);

// What the recorders of a branch have counted. Any thread that holds no lock of theirs.
CountedMedia count_media(const std::vector<Ref<GstElement>> &recorders);

}  // namespace rec
