// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include <gst/gst.h>

#include "core/base/clock.h"

namespace rec {

// What the sender's wall clock showed for this buffer: a GstReferenceTimestampMeta of NTP or Unix time, as
// rtspsrc's `add-reference-timestamp-meta` puts on it (RTCP sender reports), or a camera's source element.
std::optional<UtcTime> sender_time(GstBuffer *buffer);

}  // namespace rec
