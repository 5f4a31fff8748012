// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "gst/common/timer.h"

namespace rec {

// Looks after the writers of one recorder element: calls tick() every second and waits for those that are
// finishing. Outlives them.
class WriterGroup : public std::enable_shared_from_this<WriterGroup> {
 public:
  // One of its writers.
  class Member {
   public:
    virtual ~Member() = default;
    // On the clock's thread: must not wait for anything.
    virtual void tick() = 0;
    // The disk has not answered for two seconds.
    virtual bool is_stuck() const = 0;
    // Much waits to be written, and writing goes on.
    virtual bool is_behind() const = 0;
  };

  explicit WriterGroup(GstBin *bin) : bin_(bin) {}
  GstBin *bin() const { return bin_; }
  void enter(const std::shared_ptr<Member> &member) REC_EXCLUDES(mutex_);
  void leave(const Member &member) REC_EXCLUDES(mutex_);
  // Until no writer is behind, or `is_cancelled`, at the most 30 s. For streaming threads of sources that can
  // wait.
  void wait_for_room(const std::function<bool()> &is_cancelled) REC_EXCLUDES(mutex_);
  // Until every writer is gone or stuck, or `timeout`. False when some are left.
  bool wait_empty(Nanoseconds timeout) REC_EXCLUDES(mutex_);

 private:
  void tick() REC_EXCLUDES(mutex_);
  void start_ticking() REC_REQUIRES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Member>> members_ REC_GUARDED_BY(mutex_);  // shared with their pads
  std::optional<Timer> timer_ REC_GUARDED_BY(mutex_);
};

}  // namespace rec
