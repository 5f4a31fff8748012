// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "core/base/sync.h"

namespace rec {

// One thread that runs jobs in the order in which they came. Jobs own their data, must not throw,
// and are the only code that touches what the worker owns (a database connection, say).
//
// Any thread may call post() and call(), except that a job must not call() its own worker.
class Worker {
 public:
  using Job = std::function<void()>;

  // `capacity`: jobs that may wait; post() refuses more.
  explicit Worker(std::size_t capacity = 65536);
  ~Worker();  // stop()
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  // Queues a job. False when the queue is full or the worker was stopped: the caller states what follows.
  [[nodiscard]] bool post(Job job) REC_EXCLUDES(mutex_);
  // Runs a job after all that are queued and waits for it. False when the worker was stopped.
  [[nodiscard]] bool call(const Job &job) REC_EXCLUDES(mutex_);
  // Runs what is queued, refuses new jobs, and joins. Idempotent; not from a job.
  void stop() REC_EXCLUDES(mutex_);

 private:
  void run() REC_EXCLUDES(mutex_);

  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_ REC_GUARDED_BY(mutex_);
  bool stopping_ REC_GUARDED_BY(mutex_) = false;
  const std::size_t capacity_;
  std::thread thread_;  // joined by stop(), which only the owner calls
};

}  // namespace rec
