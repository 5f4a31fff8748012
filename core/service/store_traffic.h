// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/model/store_pace.h"
#include "core/service/part_crew.h"

namespace rec {

// What the lanes of one store share: how fast it may be asked, and the parts that they send together.
// Thread-safe.
class StoreTraffic {
 public:
  // Waits; returns early when it is cancelled.
  using Pause = std::function<void(Nanoseconds time, GCancellable *cancel)>;
  static void pause_for_real(Nanoseconds time, GCancellable *cancel);

  // `clock` must outlive it. `wake`: when idle lanes could help.
  StoreTraffic(
      const StoreSettings &settings, const Clock &clock, std::function<void()> wake = [] {},
      Pause pause = pause_for_real);

  // For how long the lane of that number, from 0, must not ask anything; 0 = it may.
  Nanoseconds hold(unsigned lane) REC_EXCLUDES(mutex_);
  // In the middle of an upload: waits until the store may be asked again. Errors: cancelled.
  Status wait_turn(GCancellable *cancel) REC_EXCLUDES(mutex_);
  // Waits until so many bytes more may be sent.
  void pace(std::uint64_t bytes, GCancellable *cancel) REC_EXCLUDES(mutex_);
  // 503 and 429 slow all lanes down, what the store did speeds them up.
  void learn(const HttpResponse &answer) REC_EXCLUDES(mutex_);

  PartCrew &crew() { return crew_; }

 private:
  const Clock &clock_;
  const Pause pause_;
  PartCrew crew_;
  Mutex mutex_;
  StorePace pace_ REC_GUARDED_BY(mutex_);
  BandwidthLimit bandwidth_ REC_GUARDED_BY(mutex_);
};

}  // namespace rec
