// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>

namespace rec {

// Calls a function four times a second, on the thread of GStreamer's system clock, while it exists. The
// function must not wait; it may still be running, or be called once more, when this is destroyed.
class Glances {
 public:
  explicit Glances(std::function<void()> look);
  ~Glances();
  Glances(const Glances &) = delete;
  Glances &operator=(const Glances &) = delete;

 private:
  GstClockID id_;
};

}  // namespace rec
