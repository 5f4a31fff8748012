// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/worker.h"

#include <utility>

namespace rec {

Worker::Worker(std::size_t capacity) : capacity_(capacity), thread_([this] { run(); }) {}

Worker::~Worker() { stop(); }

bool Worker::post(Job job) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

bool Worker::call(const Job &job) {
  Mutex done_mutex;
  std::condition_variable done_wake;
  bool done = false;
  const bool posted = post([&] {
    job();
    MutexLock lock(done_mutex);  // held while notifying: the waiter destroys all three when it wakes
    done = true;
    done_wake.notify_one();
  });
  if (!posted) return false;
  MutexLock lock(done_mutex);
  lock.wait(done_wake, [&] { return done; });
  return true;
}

void Worker::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  for (;;) {
    Job job;
    {
      MutexLock lock(mutex_);
      lock.wait(wake_, [this]() REC_TSA(no_thread_safety_analysis) { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace rec
