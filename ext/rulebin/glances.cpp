// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/glances.h"

#include <utility>

#include "gst/common/gst_ptr.h"

namespace rec {
namespace {

constexpr GstClockTime kPeriod = 250 * GST_MSECOND;
using Look = std::function<void()>;

gboolean on_time(GstClock *, GstClockTime, GstClockID, gpointer look) {
  (*static_cast<Look *>(look))();
  return TRUE;
}

}  // namespace

Glances::Glances(std::function<void()> look) {
  const auto clock = Ref<GstClock>::adopt(gst_system_clock_obtain());
  id_ = gst_clock_new_periodic_id(clock.get(), gst_clock_get_time(clock.get()) + kPeriod, kPeriod);
  gst_clock_id_wait_async(id_, on_time, new Look(std::move(look)),
                          [](gpointer data) { delete static_cast<Look *>(data); });
}

Glances::~Glances() {
  gst_clock_id_unschedule(id_);
  gst_clock_id_unref(id_);
}

}  // namespace rec
