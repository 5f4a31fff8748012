// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_signature.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/model/object_key.h"
#include "core/service/signature_parts.h"

namespace rec {
namespace {

struct Calendar {
  explicit Calendar(UtcTime t)
      : day(std::chrono::floor<std::chrono::days>(t)),
        date(day),
        time(std::chrono::floor<Seconds>(t - day)) {}
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Seconds> time;

  template <typename... More>
  std::string print(const char *format, More... more) const {
    std::array<char, 64> text{};
    const int n = std::snprintf(text.data(), text.size(), format, more...);
    return {text.data(), static_cast<std::size_t>(n)};
  }
  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day_of_month() const { return static_cast<unsigned>(date.day()); }
  int hours() const { return static_cast<int>(time.hours().count()); }
  int minutes() const { return static_cast<int>(time.minutes().count()); }
  int seconds() const { return static_cast<int>(time.seconds().count()); }
};

}  // namespace

std::string basic_time(UtcTime t) {
  const Calendar c(t);
  return c.print("%04d%02u%02uT%02d%02d%02dZ", c.year(), c.month(), c.day_of_month(), c.hours(), c.minutes(),
                 c.seconds());
}

std::string http_time(UtcTime t) {
  constexpr std::array<const char *, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char *, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Calendar c(t);
  return c.print("%s, %02u %s %04d %02d:%02d:%02d GMT", kDays.at(std::chrono::weekday(c.day).c_encoding()),
                 c.day_of_month(), kMonths.at(c.month() - 1), c.year(), c.hours(), c.minutes(), c.seconds());
}

std::string encoded_query(const StoreRequest &request, EmptyValue empty) {
  std::vector<std::string> pairs;
  for (const auto &[name, value] : request.query) {
    std::string pair = percent_encode(name, false);
    if (!value.empty() || empty == EmptyValue::with_equals_sign) pair += "=" + percent_encode(value, false);
    pairs.push_back(std::move(pair));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const std::string &pair : pairs) out.append(out.empty() ? "" : "&").append(pair);
  return out;
}

std::string query_of(const StoreRequest &request) { return encoded_query(request, EmptyValue::bare); }

}  // namespace rec
