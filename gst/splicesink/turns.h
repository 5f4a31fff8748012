// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <set>

#include "core/base/sync.h"

namespace rec {

// Lets jobs that run on different threads act one after the other, in the order in which they took their
// numbers: periods of one recording are written by muxers that may still be finishing when the next one
// begins.
class Turns {
 public:
  // The next number. Each must be given to done() once.
  std::uint64_t take() REC_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return next_++;
  }
  // Waits until all earlier numbers are done.
  void wait(std::uint64_t number) REC_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    lock.wait(changed_, [&]() REC_TSA(no_thread_safety_analysis) { return first_open_ >= number; });
  }
  // Waits until all that were taken are done. False when `timeout` came first.
  template <typename Duration>
  bool wait_all(Duration timeout) REC_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return lock.wait_for(changed_, timeout,
                         [&]() REC_TSA(no_thread_safety_analysis) { return first_open_ == next_; });
  }
  // Need not have been waited for.
  void done(std::uint64_t number) REC_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    done_.insert(number);
    while (done_.erase(first_open_) > 0) ++first_open_;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ REC_GUARDED_BY(mutex_) = 0;
  std::uint64_t first_open_ REC_GUARDED_BY(mutex_) = 0;  // the least number that is not done
  std::set<std::uint64_t> done_ REC_GUARDED_BY(mutex_);  // above it
};

}  // namespace rec
