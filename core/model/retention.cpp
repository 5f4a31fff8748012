// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/retention.h"

#include <algorithm>
#include <utility>

namespace rec {
namespace {

constexpr Seconds kRateWindow{7 * 86'400};
constexpr double kSecondsPerDay = 86'400;

bool is_too_old(const KeptRecording &one, const RetentionPolicy &policy, UtcTime now) {
  if (one.expires) return *one.expires <= now;
  return policy.age && now - one.ended >= *policy.age;
}

// Those of its formats whose time is over; all of them = it goes as a whole.
std::vector<KeptFormat> too_old_formats(const KeptRecording &one, const RetentionPolicy &policy,
                                        UtcTime now) {
  std::vector<KeptFormat> old;
  if (one.expires) return old;
  for (const KeptFormat &kept : one.formats) {
    const auto is_old = [&](const FormatAge &f) {
      return f.format == kept.format && now - one.ended >= f.age;
    };
    if (std::any_of(policy.formats.begin(), policy.formats.end(), is_old)) old.push_back(kept);
  }
  return old;
}

// The oldest of what stays, until there is room enough. To delete what a store has makes none here: its local
// copies go by the spool's policy.
void make_room(const std::vector<KeptRecording> &newest_first, std::uint64_t missing,
               std::vector<Expiry> &expired, const std::vector<bool> &goes) {
  std::uint64_t freed = 0;
  for (std::size_t i = 0; i < newest_first.size(); ++i)
    if (goes[i] && newest_first[i].is_local) freed += newest_first[i].bytes;
  for (std::size_t i = newest_first.size(); i-- > 0 && freed < missing;) {
    if (goes[i] || newest_first[i].held || !newest_first[i].is_local) continue;
    freed += newest_first[i].bytes;
    expired.push_back({newest_first[i].id, ExpiryReason::free_space, {}});
  }
}

Expiry of_formats(const KeptRecording &one, const std::vector<KeptFormat> &old) {
  Expiry expiry{.id = one.id, .reason = ExpiryReason::age, .formats = {}};
  for (const KeptFormat &format : old) expiry.formats.push_back(format.format);
  return expiry;
}

void lower(RetentionForecast &forecast, double seconds, ExpiryReason reason) {
  constexpr double kLongest = 1e12;
  const Seconds keeps(static_cast<std::int64_t>(std::clamp(seconds, 0.0, kLongest)));
  if (forecast.keeps && *forecast.keeps <= keeps) return;
  forecast.keeps = keeps;
  forecast.because_of = reason;
}

}  // namespace

std::string_view name_of(ExpiryReason reason) {
  switch (reason) {
    case ExpiryReason::age:
      return "age";
    case ExpiryReason::recordings:
      return "recordings";
    case ExpiryReason::bytes:
      return "bytes";
    case ExpiryReason::free_space:
      break;
  }
  return "free space";
}

std::vector<ExpiredFormats> expired_formats_of(const RetentionPolicy &policy) {
  std::vector<ExpiredFormats> ages;
  for (const FormatAge &one : policy.formats) {
    const auto is_same = [&](const ExpiredFormats &known) { return known.age == one.age; };
    if (std::any_of(ages.begin(), ages.end(), is_same)) continue;
    ExpiredFormats expired{.age = one.age, .formats = {}};
    for (const FormatAge &other : policy.formats)
      if (other.age <= one.age) expired.formats.push_back(other.format);
    ages.push_back(std::move(expired));
  }
  std::sort(ages.begin(), ages.end(),
            [](const ExpiredFormats &a, const ExpiredFormats &b) { return a.age > b.age; });
  return ages;
}

std::vector<Expiry> expired_of(const std::vector<KeptRecording> &newest_first, const RetentionPolicy &policy,
                               UtcTime now, std::optional<std::uint64_t> free_bytes) {
  std::vector<Expiry> expired;
  std::vector<bool> goes(newest_first.size());
  std::uint64_t kept = 0, bytes = 0;
  for (std::size_t i = 0; i < newest_first.size(); ++i) {
    const KeptRecording &one = newest_first[i];
    std::optional<ExpiryReason> reason;
    const auto old = too_old_formats(one, policy, now);
    std::uint64_t there = one.bytes;
    for (const KeptFormat &format : old) there -= std::min(there, format.bytes);
    if (is_too_old(one, policy, now) || (!old.empty() && old.size() == one.formats.size()))
      reason = ExpiryReason::age;
    else if (policy.recordings && kept >= *policy.recordings)
      reason = ExpiryReason::recordings;
    else if (policy.bytes && bytes + there > *policy.bytes)
      reason = ExpiryReason::bytes;
    if (reason && !one.held) {
      goes[i] = true;
      expired.push_back({one.id, *reason, {}});
      continue;
    }
    if (!old.empty() && !one.held) expired.push_back(of_formats(one, old));
    ++kept;
    bytes += one.held ? one.bytes : there;
  }
  if (free_bytes && *free_bytes < policy.min_free_bytes)
    make_room(newest_first, policy.min_free_bytes - *free_bytes, expired, goes);
  return expired;
}

RetentionForecast forecast_of(const std::vector<KeptRecording> &newest_first, const RetentionPolicy &policy,
                              UtcTime now, std::optional<std::uint64_t> free_bytes) {
  RetentionForecast forecast;
  double lately_bytes = 0, lately = 0;
  UtcTime oldest = now;
  for (const KeptRecording &one : newest_first) {
    ++forecast.recordings;
    forecast.bytes += one.bytes;
    if (now - one.ended > kRateWindow) continue;
    lately_bytes += static_cast<double>(one.bytes);
    ++lately;
    oldest = std::min(oldest, one.started);
  }
  const double watched =
      std::chrono::duration<double>(std::min<UtcTime::duration>(now - oldest, kRateWindow)).count();
  if (policy.age) lower(forecast, static_cast<double>(policy.age->count()), ExpiryReason::age);
  forecast.formats = policy.formats;
  if (watched <= 0) return forecast;
  forecast.bytes_per_day = lately_bytes / watched * kSecondsPerDay;
  forecast.recordings_per_day = lately / watched * kSecondsPerDay;
  if (policy.recordings)
    lower(forecast, static_cast<double>(*policy.recordings) * watched / lately, ExpiryReason::recordings);
  if (lately_bytes <= 0) return forecast;
  if (policy.bytes)
    lower(forecast, static_cast<double>(*policy.bytes) * watched / lately_bytes, ExpiryReason::bytes);
  if (policy.min_free_bytes > 0 && free_bytes) {
    const double room = static_cast<double>(*free_bytes) - static_cast<double>(policy.min_free_bytes) +
                        static_cast<double>(forecast.bytes);
    lower(forecast, room * watched / lately_bytes, ExpiryReason::free_space);
  }
  return forecast;
}

}  // namespace rec
