// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/io/http.h"

namespace rec {

// Cancels a request that takes too long as a whole: a client's own limit is one of silence, which a server
// that sends a byte now and then never reaches.
class Deadline {
 public:
  Deadline(Ref<GCancellable> request, Milliseconds time)
      : request_(std::move(request)), thread_([this, time] { wait(time); }) {}
  ~Deadline() {
    {
      MutexLock lock(mutex_);
      done_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Deadline(const Deadline &) = delete;
  Deadline &operator=(const Deadline &) = delete;

 private:
  void wait(Milliseconds time) {
    {
      MutexLock lock(mutex_);
      if (lock.wait_for(wake_, time, [this]() REC_TSA(no_thread_safety_analysis) { return done_; })) return;
    }
    g_cancellable_cancel(request_.get());
  }

  const Ref<GCancellable> request_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool done_ REC_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace rec
