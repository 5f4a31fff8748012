// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <thread>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/model/splice.h"

namespace rec {

// The wait of a paused recording, on a thread of its own: asks again and again what to do until the answer is
// not HoldChoice::wait.
//
// arm(), start() and stop() are called by one thread at a time, never from these functions.
class Hold {
 public:
  // After cancel(): "you have waited for ever".
  static constexpr Nanoseconds kForEver = Nanoseconds::max();

  using Ask = std::function<HoldChoice(Nanoseconds waited)>;
  using Over = std::function<void(HoldChoice)>;  // finish or gone
  using Done = std::function<void()>;            // after it; running() is false

  explicit Hold(const Clock &clock) : clock_(clock) {}
  ~Hold() { stop(); }
  Hold(const Hold &) = delete;
  Hold &operator=(const Hold &) = delete;

  // From here on cancel() counts.
  void arm() REC_EXCLUDES(mutex_);
  void start(Ask ask, Over over, Done done) REC_EXCLUDES(mutex_);  // after arm()
  // Ends the wait without an answer. Afterwards none of the functions runs. Returns how long it had lasted.
  Nanoseconds stop() REC_EXCLUDES(mutex_);
  // Whether the wait lasts; false once `over` has returned.
  bool running() REC_EXCLUDES(mutex_);
  // Any thread: the wait is over as far as we are concerned.
  void cancel() REC_EXCLUDES(mutex_);

 private:
  void run(const Ask &ask, const Over &over, const Done &done) REC_EXCLUDES(mutex_);

  const Clock &clock_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ REC_GUARDED_BY(mutex_) = false;
  bool cancelled_ REC_GUARDED_BY(mutex_) = false;
  bool running_ REC_GUARDED_BY(mutex_) = false;
  Nanoseconds since_{0};  // set before the thread starts
  std::thread thread_;
};

}  // namespace rec
