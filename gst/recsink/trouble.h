// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/base/sync.h"

namespace rec {

// Files of one format cannot be written: from the first failure until one takes bytes again. So that it is
// told once, that attempts become rarer, and that somebody knows at the end what was lost. Any thread.
class Trouble {
 public:
  // A file failed. True when the one before it had not: this is news.
  bool begin();
  // A file takes bytes. What the trouble cost, if there was any.
  std::optional<std::uint64_t> end();  // frames
  bool is_on();
  void lose(std::uint64_t frames);

  // A file has failed, and what is to become of it is not yet decided: no other is tried before that. Its
  // disk may not answer at all.
  void hold_up();
  void go_on();

  // Line times: after a failure the next attempt is made 2 s later, then 4 s, ... 30 s.
  void put_off(Nanoseconds now);
  bool may_try(Nanoseconds now);

 private:
  static constexpr Nanoseconds kFirstWait = std::chrono::seconds(2);
  static constexpr Nanoseconds kLongestWait = std::chrono::seconds(30);

  struct State {
    bool on = false;
    unsigned held_up = 0;  // files
    std::uint64_t lost = 0;
    Nanoseconds wait = kFirstWait;
    Nanoseconds retry_at = Nanoseconds::min();
  };
  Guarded<State> state_;
};

}  // namespace rec
