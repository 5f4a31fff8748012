// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include "core/base/result.h"
#include "core/model/push.h"

namespace rec {

// A sticky custom event by which upstream says who is pushing: its structure has this name and the strings
// `domain`, `app`, `stream` and `stream-param`, or one `uri` with all of them.
inline constexpr const char *kPushEventName = "application/x-recording-push";

bool is_push_event(GstEvent *event);
// Its identity; fields that are absent are those of `otherwise`. Fails like parse_push_url(), and where a
// field is no string.
Result<PushIdentity> read_push_event(GstEvent *event, PushIdentity otherwise);

}  // namespace rec
