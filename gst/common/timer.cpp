// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/timer.h"

#include "gst/common/gst_ptr.h"

namespace rec {
namespace {

Ref<GstClock> system_clock() { return Ref<GstClock>::adopt(gst_system_clock_obtain()); }

GstClockTime in(const Ref<GstClock> &clock, Nanoseconds wait) {
  return gst_clock_get_time(clock.get()) + static_cast<GstClockTime>(wait.count());
}

}  // namespace

Timer::Timer(GstClockID id, std::function<void()> call) : id_(id) {
  using Call = std::function<void()>;
  gst_clock_id_wait_async(
      id_,
      [](GstClock *, GstClockTime, GstClockID, gpointer data) -> gboolean {
        (*static_cast<Call *>(data))();
        return TRUE;
      },
      new Call(std::move(call)), [](gpointer data) { delete static_cast<Call *>(data); });
}

Timer Timer::once(Nanoseconds after, std::function<void()> call) {
  const auto clock = system_clock();
  return Timer(gst_clock_new_single_shot_id(clock.get(), in(clock, after)), std::move(call));
}

Timer Timer::every(Nanoseconds period, std::function<void()> call) {
  const auto clock = system_clock();
  return Timer(
      gst_clock_new_periodic_id(clock.get(), in(clock, period), static_cast<GstClockTime>(period.count())),
      std::move(call));
}

Timer::~Timer() {
  if (!id_) return;
  gst_clock_id_unschedule(id_);
  gst_clock_id_unref(id_);
}

}  // namespace rec
