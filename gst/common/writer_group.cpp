// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "gst/common/barrier.h"
#include "gst/common/gst_ptr.h"
#include "gst/common/writer_group.h"

namespace rec {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::milliseconds kLook{100};       // how soon a stuck disk is noticed
constexpr std::chrono::milliseconds kLookForRoom{5};  // and a disk that has caught up
constexpr std::chrono::seconds kLongestWait{30};

}  // namespace

void WriterGroup::enter(const std::shared_ptr<Member> &member) {
  MutexLock lock(mutex_);
  members_.push_back(member);
  if (!timer_) start_ticking();
}

void WriterGroup::leave(const Member &member) {
  std::shared_ptr<Member> gone;  // destroyed without the lock
  MutexLock lock(mutex_);
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const auto &m) { return m.get() == &member; });
  if (found == members_.end()) return;
  gone = std::move(*found);
  members_.erase(found);
  if (members_.empty()) timer_.reset();
  changed_.notify_all();
}

bool WriterGroup::wait_empty(Nanoseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  const auto is_over = [this]() REC_TSA(no_thread_safety_analysis) {
    return std::all_of(members_.begin(), members_.end(), [](const auto &m) { return m->is_stuck(); });
  };
  MutexLock lock(mutex_);
  while (!lock.wait_for(changed_, kLook, is_over) && std::chrono::steady_clock::now() < until) {
  }
  return members_.empty();
}

void WriterGroup::wait_for_room(const std::function<bool()> &is_cancelled) {
  const auto until = std::chrono::steady_clock::now() + kLongestWait;
  const auto has_room = [this]() REC_TSA(no_thread_safety_analysis) {
    return std::none_of(members_.begin(), members_.end(), [](const auto &m) { return m->is_behind(); });
  };
  MutexLock lock(mutex_);
  if (has_room()) return;
  while (!is_cancelled() && std::chrono::steady_clock::now() < until &&
         !lock.wait_for(changed_, kLookForRoom, has_room)) {
  }
}

void WriterGroup::start_ticking() {
  timer_ = Timer::every(kTick, [self = shared_from_this()] { barrier(self->bin(), [&] { self->tick(); }); });
}

void WriterGroup::tick() {
  std::vector<std::shared_ptr<Member>> members;
  {
    MutexLock lock(mutex_);
    members = members_;
  }
  for (const auto &member : members) member->tick();
}

}  // namespace rec
