// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <functional>

#include "core/base/clock.h"
#include "core/base/sync.h"

namespace rec {

// Lets streaming threads wait while another thread decides anew what is done with their push: before its
// first media, so that none of them is recorded by what was decided before. They wait for kLongest at most
// and go on with what there is then.
class Renewal {
 public:
  static constexpr Seconds kLongest{10};

  // Streaming threads. `ask` has to lead to done(), on another thread; it is called by the first who waits.
  void wait(const std::function<void()> &ask) REC_EXCLUDES(mutex_);
  void done() REC_EXCLUDES(mutex_);
  // The element stops, or starts: nobody waits; or may wait again.
  void forbid(bool forbidden) REC_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::condition_variable wake_;
  bool forbidden_ REC_GUARDED_BY(mutex_) = true;
  bool asked_ REC_GUARDED_BY(mutex_) = false;
};

}  // namespace rec
