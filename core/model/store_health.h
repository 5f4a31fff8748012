// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include "core/base/clock.h"

namespace rec {

// What the ends of upload attempts tell about a store. Only failures that are the store's count: whoever
// feeds this leaves out those of a single file.
struct StoreHealth {
  std::optional<UtcTime> succeeded;      // the last success
  std::optional<UtcTime> failing_since;  // begin of the first attempt that failed since then
  int failed = 0;                        // attempts that failed since then
  std::optional<UtcTime> down;           // an outage was stated then; nothing = there is none
  UtcTime next_probe{};                  // in an outage: when one upload is tried

  bool operator==(const StoreHealth &) const = default;
};

// A store has an outage when nothing has succeeded for so long after something failed.
inline constexpr Seconds kOutageAfter{10};
inline constexpr Seconds kLongestProbeInterval{60};
// A probe that nobody reports the end of holds up the next one for so long.
inline constexpr Seconds kProbePatience{60};

// An attempt that began at `began` has failed at `now`. `jitter` in [0, 1). Attempts that began before the
// last success count from it on: one slow loser says nothing about the time in which others won.
StoreHealth after_failure(StoreHealth health, UtcTime began, UtcTime now, double jitter);
StoreHealth after_success(UtcTime now);

// The clock may be set back: nothing waits for longer than it would otherwise.

// Whether the outage is to be stated now, once.
bool is_outage_due(const StoreHealth &health, UtcTime now);

// What may be tried now.
enum class StoreLicence {
  all,    // whatever is due
  probe,  // one upload, due or not
  none,   // wait until next_probe
};
StoreLicence licence_of(const StoreHealth &health, UtcTime now);

// One lane probes; the others wait for what comes of it.
StoreHealth after_probe_began(StoreHealth health, UtcTime now);

}  // namespace rec
