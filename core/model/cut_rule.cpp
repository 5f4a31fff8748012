// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cut_rule.h"

#include <algorithm>

namespace rec {
namespace {

using std::chrono::microseconds;

constexpr microseconds kDay = std::chrono::hours(24);

// Division that rounds down, also before 1970.
microseconds floor_to(microseconds time, microseconds step) {
  const microseconds rest = time % step;
  return time - (rest < microseconds(0) ? rest + step : rest);
}

bool is_on_grid(microseconds local, microseconds cycle) {
  const microseconds origin = cycle < kDay ? floor_to(local, kDay) : microseconds(0);
  return floor_to(local - origin, cycle) == local - origin;
}

microseconds next_local(microseconds local, microseconds cycle) {
  if (cycle >= kDay) return floor_to(local, cycle) + cycle;
  const microseconds midnight = floor_to(local, kDay);
  return midnight + std::min(floor_to(local - midnight, cycle) + cycle, kDay);
}

}  // namespace

UtcTime next_on_wall_clock(UtcTime after, Nanoseconds cycle, const UtcOffsetAt &offset_at) {
  const auto step = std::max(std::chrono::duration_cast<microseconds>(cycle), microseconds(1));
  const Seconds offset = offset_at(after);
  const microseconds next = next_local(after.time_since_epoch() + offset, step);
  const UtcTime unchanged(next - offset);
  const Seconds offset_there = offset_at(unchanged);
  if (offset_there == offset || is_on_grid(unchanged.time_since_epoch() + offset_there, step))
    return unchanged;
  const UtcTime changed(next - offset_there);
  return changed > after && offset_at(changed) == offset_there ? changed : unchanged;
}

FileLimits limits_of(const CutRule &rule, UtcTime start, const UtcOffsetAt &offset_at) {
  FileLimits limits;
  if (rule.bytes > 0) limits.bytes = rule.bytes;
  if (rule.cycle.count() <= 0) return limits;
  limits.length = rule.on_wall_clock ? next_on_wall_clock(start, rule.cycle, offset_at) - start : rule.cycle;
  return limits;
}

}  // namespace rec
