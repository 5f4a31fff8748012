// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/renewal.h"

#include <utility>

namespace rec {

void Renewal::wait(const std::function<void()> &ask) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (forbidden_) return;
    first = !std::exchange(asked_, true);
  }
  if (first) ask();
  MutexLock lock(mutex_);
  lock.wait_for(wake_, kLongest,
                [this]() REC_TSA(no_thread_safety_analysis) { return forbidden_ || !asked_; });
}

void Renewal::done() {
  {
    MutexLock lock(mutex_);
    asked_ = false;
  }
  wake_.notify_all();
}

void Renewal::forbid(bool forbidden) {
  {
    MutexLock lock(mutex_);
    forbidden_ = forbidden;
    asked_ = false;
  }
  wake_.notify_all();
}

}  // namespace rec
