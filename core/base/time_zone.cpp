// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/time_zone.h"

#include <memory>

#include "core/base/glib_ptr.h"

namespace rec {
namespace {

using ZonePtr = std::unique_ptr<GTimeZone, Freer<g_time_zone_unref>>;

// GLib reads "+8" and "-03:30", the clouds' consoles write "UTC+8".
std::string glib_name(const std::string &zone) {
  const bool offset = zone.size() > 3 && zone.compare(0, 3, "UTC") == 0;
  return offset ? zone.substr(3) : zone;
}

}  // namespace

Result<Seconds> utc_offset_of(const std::string &zone, UtcTime at) {
  if (zone.empty() || zone == "UTC") return Seconds(0);
  const ZonePtr tz(zone == "local" ? g_time_zone_new_local()
                                   : g_time_zone_new_identifier(glib_name(zone).c_str()));
  if (!tz)
    return Error{Errc::invalid_argument,
                 "unknown time zone '" + zone + "': expected UTC, UTC+8, local or a name like Asia/Shanghai"};
  const auto seconds = std::chrono::floor<Seconds>(at.time_since_epoch()).count();
  const gint interval = g_time_zone_find_interval(tz.get(), G_TIME_TYPE_UNIVERSAL, seconds);
  return Seconds(g_time_zone_get_offset(tz.get(), interval));
}

}  // namespace rec
