// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>

namespace rec {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
// Wall-clock instants: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;

// Where wall and monotonic time come from; injected so that tests can own time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now_utc() const = 0;
  virtual Nanoseconds monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  UtcTime now_utc() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  Nanoseconds monotonic() const override {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace rec
