// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <mutex>
#include <utility>

#if defined(__clang__)
#define REC_TSA(x) __attribute__((x))
#else
#define REC_TSA(x)
#endif
#define REC_GUARDED_BY(m) REC_TSA(guarded_by(m))
#define REC_REQUIRES(...) REC_TSA(requires_capability(__VA_ARGS__))
#define REC_EXCLUDES(...) REC_TSA(locks_excluded(__VA_ARGS__))

namespace rec {

// libstdc++'s std::mutex carries no thread-safety annotations, hence these two thin wrappers.
class REC_TSA(capability("mutex")) Mutex {
 public:
  void lock() REC_TSA(acquire_capability()) { m_.lock(); }
  void unlock() REC_TSA(release_capability()) { m_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex m_;
};

class REC_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex &m) REC_TSA(acquire_capability(m)) : l_(m.m_) {}
  ~MutexLock() REC_TSA(release_capability()) {}
  MutexLock(const MutexLock &) = delete;
  MutexLock &operator=(const MutexLock &) = delete;

  template <typename Predicate>
  void wait(std::condition_variable &cv, Predicate p) {
    cv.wait(l_, p);
  }
  template <typename Duration, typename Predicate>
  bool wait_for(std::condition_variable &cv, Duration d, Predicate p) {
    return cv.wait_for(l_, d, p);
  }

 private:
  std::unique_lock<std::mutex> l_;
};

// Data that cannot be reached without its lock. The function given to with() must not call out
// (post, push, emit, wait): return what is to be said and say it after the lock is gone.
template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <typename F>
  decltype(auto) with(F &&f) {
    MutexLock l(mutex_);
    return std::forward<F>(f)(value_);
  }
  T copy() {
    return with([](const T &v) { return v; });
  }

 private:
  Mutex mutex_;
  T value_ REC_GUARDED_BY(mutex_);
};

}  // namespace rec
