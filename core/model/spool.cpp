// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/spool.h"

#include <algorithm>

namespace rec {
namespace {

constexpr Seconds kLongestForecast{365 * 86400};
constexpr Seconds kTellAgain{3600};

double seconds_between(UtcTime from, UtcTime to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

void SpoolForecast::add(UtcTime now, std::uint64_t free_bytes) {
  samples_.push_back({now, free_bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kWindow) samples_.pop_front();
}

std::optional<Seconds> SpoolForecast::time_left(std::uint64_t min_free_bytes) const {
  if (samples_.empty()) return std::nullopt;
  const Sample &first = samples_.front();
  const Sample &last = samples_.back();
  if (last.free_bytes <= min_free_bytes) return Seconds(0);
  const double passed = seconds_between(first.at, last.at);
  if (passed < static_cast<double>(kLeast.count()) || last.free_bytes >= first.free_bytes)
    return std::nullopt;
  const double rate = static_cast<double>(first.free_bytes - last.free_bytes) / passed;
  const double left = static_cast<double>(last.free_bytes - min_free_bytes) / rate;
  return Seconds(static_cast<Seconds::rep>(std::min(left, static_cast<double>(kLongestForecast.count()))));
}

bool is_worth_telling(const std::optional<Seconds> &told, UtcTime told_at, Seconds left, UtcTime now) {
  if (!told || now - told_at >= kTellAgain) return true;
  return *told > Seconds(0) && left <= *told / 2;
}

}  // namespace rec
