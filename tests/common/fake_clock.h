// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>

#include "core/base/clock.h"

namespace rec::test {

// Time that stands still until a test moves it. 2023-11-14T22:13:20Z at first.
class FakeClock final : public Clock {
 public:
  UtcTime now_utc() const override { return UtcTime(std::chrono::microseconds(us_.load())); }
  Nanoseconds monotonic() const override { return std::chrono::microseconds(us_.load()); }
  template <typename Duration>
  void advance(Duration d) {
    us_ += std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  }

 private:
  std::atomic<std::int64_t> us_ = 1'700'000'000'000'000;
};

}  // namespace rec::test
