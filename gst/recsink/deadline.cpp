// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/deadline.h"

#include <algorithm>

#include "gst/common/barrier.h"

namespace rec {
namespace {

struct Call {
  Ref<GstElement> element;
  std::function<void()> on_time;
};

}  // namespace

Deadline::Deadline(GstElement *element, const Clock &clock, UtcTime at, std::function<void()> on_time) {
  const auto system = Ref<GstClock>::adopt(gst_system_clock_obtain());
  const Nanoseconds wait = std::max<Nanoseconds>(at - clock.now_utc(), Nanoseconds(0));
  id_ = gst_clock_new_single_shot_id(
      system.get(), gst_clock_get_time(system.get()) + static_cast<GstClockTime>(wait.count()));
  gst_clock_id_wait_async(
      id_,
      [](GstClock *, GstClockTime, GstClockID, gpointer data) -> gboolean {
        const auto *call = static_cast<Call *>(data);
        barrier(call->element.get(), [&] { call->on_time(); });
        return TRUE;
      },
      new Call{Ref<GstElement>::retain(element), std::move(on_time)},
      [](gpointer data) { delete static_cast<Call *>(data); });
}

Deadline::~Deadline() {
  gst_clock_id_unschedule(id_);
  gst_clock_id_unref(id_);
}

}  // namespace rec
