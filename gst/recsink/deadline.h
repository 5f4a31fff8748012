// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>

#include "core/base/clock.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Calls back once when a wall-clock instant has come, also when no media come any more. Application threads.
class Deadline {
 public:
  // `on_time` runs on GStreamer's clock thread; `element`, which outlives it by a reference, owns what it
  // uses.
  Deadline(GstElement *element, const Clock &clock, UtcTime at, std::function<void()> on_time);
  ~Deadline();  // no call begins afterwards
  Deadline(const Deadline &) = delete;
  Deadline &operator=(const Deadline &) = delete;

 private:
  GstClockID id_;
};

}  // namespace rec
