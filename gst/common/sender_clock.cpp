// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/sender_clock.h"

#include "gst/common/gst_ptr.h"

namespace rec {
namespace {

// From 1900, where NTP begins to count (RFC 5905 section 6), to 1970.
constexpr Seconds kNtpEpoch{2'208'988'800};

std::optional<Nanoseconds> timestamp(GstBuffer *buffer, const char *clock) {
  const auto caps = Ref<GstCaps>::adopt(gst_caps_new_empty_simple(clock));
  const auto *meta = gst_buffer_get_reference_timestamp_meta(buffer, caps.get());
  if (!meta || meta->timestamp > G_MAXINT64) return std::nullopt;
  return Nanoseconds(static_cast<gint64>(meta->timestamp));
}

UtcTime utc(Nanoseconds since_1970) {
  return UtcTime(std::chrono::duration_cast<UtcTime::duration>(since_1970));
}

}  // namespace

std::optional<UtcTime> sender_time(GstBuffer *buffer) {
  if (!gst_buffer_get_meta(buffer, GST_REFERENCE_TIMESTAMP_META_API_TYPE)) return std::nullopt;
  if (const auto unix_time = timestamp(buffer, "timestamp/x-unix")) return utc(*unix_time);
  const auto ntp = timestamp(buffer, "timestamp/x-ntp");
  if (!ntp || *ntp < kNtpEpoch) return std::nullopt;
  return utc(*ntp - kNtpEpoch);
}

}  // namespace rec
