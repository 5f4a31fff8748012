// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/hold.h"

#include <utility>

namespace rec {
namespace {

constexpr std::chrono::milliseconds kPeriod{250};

}  // namespace

void Hold::arm() {
  stop();
  MutexLock lock(mutex_);
  stopping_ = cancelled_ = false;
}

void Hold::start(Ask ask, Over over, Done done) {
  {
    MutexLock lock(mutex_);
    running_ = true;
  }
  since_ = clock_.monotonic();
  thread_ = std::thread(
      [this, ask = std::move(ask), over = std::move(over), done = std::move(done)] { run(ask, over, done); });
}

Nanoseconds Hold::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  {
    MutexLock lock(mutex_);
    running_ = false;
  }
  return clock_.monotonic() - since_;
}

bool Hold::running() {
  MutexLock lock(mutex_);
  return running_;
}

void Hold::cancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
  }
  wake_.notify_all();
}

void Hold::run(const Ask &ask, const Over &over, const Done &done) {
  bool told = false;  // that the wait was cancelled
  for (;;) {
    {
      MutexLock lock(mutex_);
      lock.wait_for(wake_, kPeriod,
                    [&]() REC_TSA(no_thread_safety_analysis) { return stopping_ || (cancelled_ && !told); });
      if (stopping_) return;
      told = cancelled_;
    }
    const HoldChoice choice = ask(told ? kForEver : clock_.monotonic() - since_);
    if (choice == HoldChoice::wait) continue;
    over(choice);
    {
      MutexLock lock(mutex_);
      running_ = false;
    }
    return done();
  }
}

}  // namespace rec
