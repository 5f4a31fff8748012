// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/store_health.h"

#include <algorithm>

#include "core/model/retry_schedule.h"

namespace rec {

StoreHealth after_failure(StoreHealth health, UtcTime began, UtcTime now, double jitter) {
  if (!health.failing_since || *health.failing_since > now)
    health.failing_since = std::min(std::max(began, health.succeeded.value_or(began)), now);
  ++health.failed;
  const Nanoseconds delay =
      std::min<Nanoseconds>(upload_retry_delay(health.failed, jitter), kLongestProbeInterval);
  health.next_probe = now + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  return health;
}

StoreHealth after_success(UtcTime now) {
  StoreHealth health;
  health.succeeded = now;
  return health;
}

bool is_outage_due(const StoreHealth &health, UtcTime now) {
  return !health.down && health.failing_since && now - *health.failing_since >= kOutageAfter;
}

StoreLicence licence_of(const StoreHealth &health, UtcTime now) {
  if (!health.down) return StoreLicence::all;
  const bool is_due = now >= health.next_probe || health.next_probe - now > kProbePatience;
  return is_due ? StoreLicence::probe : StoreLicence::none;
}

StoreHealth after_probe_began(StoreHealth health, UtcTime now) {
  health.next_probe = now + kProbePatience;
  return health;
}

}  // namespace rec
