// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace rec {

// How hard a store may be asked, learnt from its answers. One that says that it is asked too much is left
// alone by everybody for a while, is then asked by one lane, and by one more after each success. Instants are
// of a monotonic clock.
class StorePace {
 public:
  explicit StorePace(unsigned lanes) : all_(lanes), allowed_(lanes) {}

  // `retry_after`: what the store said, at most kLongestHold of it is heeded. Without it 1 s, 2 s, 4 s ...
  // 30 s, scaled down by up to half by `jitter` in [0, 1). Several answers to what was asked before the first
  // of them count once.
  void slow_down(Nanoseconds now, std::optional<Seconds> retry_after, double jitter);
  void go_on();  // it has done what it was asked for

  Nanoseconds hold(Nanoseconds now) const;     // how long nobody may ask; 0 = not at all
  unsigned lanes() const { return allowed_; }  // how many may ask at a time

  static constexpr Seconds kLongestHold{300};

 private:
  unsigned all_;
  unsigned allowed_;
  int slowed_ = 0;  // in a row
  Nanoseconds held_until_{0};
};

// Bytes that may be sent, shared by all who send: nobody is refused, but each is told how long to wait first.
class BandwidthLimit {
 public:
  explicit BandwidthLimit(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}  // 0: none
  // What was not used within the last quarter of a second is lost. `bytes` < 1 GiB.
  Nanoseconds take(std::uint64_t bytes, Nanoseconds now);

 private:
  std::uint64_t bytes_per_second_;
  Nanoseconds paid_until_{0};
};

// How long one request with a body of so many bytes may take altogether. A network that is slower than 4
// KiB/s, or than half of what `lanes` requests at a time leave it of the limit, is as good as none.
Seconds longest_request(std::uint64_t body_bytes, std::uint64_t bytes_per_second, unsigned lanes);

}  // namespace rec
