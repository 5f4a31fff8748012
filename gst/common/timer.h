// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>
#include <utility>

#include "core/base/clock.h"

namespace rec {

// Calls back on the thread of GStreamer's system clock, one for all timers of the process: what it calls must
// not wait for anything, throws nothing, and keeps what it uses.
class Timer {
 public:
  static Timer once(Nanoseconds after, std::function<void()> call);
  static Timer every(Nanoseconds period, std::function<void()> call);

  Timer(Timer &&other) noexcept : id_(std::exchange(other.id_, nullptr)) {}
  Timer &operator=(Timer &&other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Timer();  // no call begins afterwards; one may be going on

 private:
  Timer(GstClockID id, std::function<void()> call);
  GstClockID id_;
};

}  // namespace rec
