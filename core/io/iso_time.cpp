// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/iso_time.h"

#include <charconv>
#include <cstdio>

#include "core/base/glib_ptr.h"

namespace rec {
namespace {

using DateTime = std::unique_ptr<GDateTime, Freer<g_date_time_unref>>;
constexpr Seconds kLatest{253'402'300'799};  // the end of year 9999

std::string formatted(UtcTime time, const char *format) {
  const DateTime date(
      g_date_time_new_from_unix_utc(std::chrono::floor<Seconds>(time).time_since_epoch().count()));
  return date ? CString(g_date_time_format(date.get(), format)).get() : "?";
}

}  // namespace

Result<UtcTime> parse_time(const std::string &text) {
  const Error wrong{Errc::invalid_argument,
                    "expected a time like 2026-11-21T20:00:00Z or seconds since 1970, found '" + text + "'"};
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc() && end == text.data() + text.size()) {
    if (number < 0 || number > kLatest.count()) return wrong;
    return UtcTime(Seconds(number));
  }
  const DateTime date(
      g_date_time_new_from_iso8601(text.c_str(), nullptr));  // a zone is needed: none is guessed
  if (!date) return wrong;
  const gint64 seconds = g_date_time_to_unix(date.get());
  if (seconds < 0 || seconds > kLatest.count()) return wrong;
  return UtcTime(Seconds(seconds) + std::chrono::microseconds(g_date_time_get_microsecond(date.get())));
}

std::string time_text(UtcTime time) { return formatted(time, "%Y-%m-%dT%H:%M:%SZ"); }

std::string exact_time_text(UtcTime time) {
  const auto part = std::chrono::floor<Milliseconds>(time - std::chrono::floor<Seconds>(time));
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(part.count()));
  return formatted(time, "%Y-%m-%dT%H:%M:%S") + fraction;
}

}  // namespace rec
