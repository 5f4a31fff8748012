// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/clock.h"
#include "core/base/worker.h"
#include "ext/rulebin/catalogue_desk.h"

namespace rec {

// Makes one file of the files of finished recordings that belong together, and says so in messages. Copying
// takes its time: it has a thread of its own, made when there is something to join, and a connection of its
// own.
class Joins {
 public:
  // `settled`: nothing is left to be joined; on the desk's thread. All outlive this; `bin` posts.
  Joins(GstBin *bin, CatalogueDesk &desk, const Clock &clock, std::function<void()> settled)
      : bin_(bin), desk_(desk), clock_(clock), settled_(std::move(settled)) {}
  ~Joins();  // stop()
  Joins(const Joins &) = delete;
  Joins &operator=(const Joins &) = delete;

  void start(std::int64_t recording_id);   // in the desk's jobs
  bool busy() const { return left_ > 0; }  // in the desk's jobs
  // What is begun, and whatever is begun from now on, is given up and left to whoever recovers the recording.
  void cancel() { stopping_ = true; }
  void stop();  // cancel(), and wait for it. Not in a job

 private:
  void join(std::int64_t recording_id);

  GstBin *bin_;
  CatalogueDesk &desk_;
  const Clock &clock_;
  const std::function<void()> settled_;
  std::unique_ptr<Worker> worker_;  // of the desk's thread, until stop()
  unsigned left_ = 0;               // of the desk's thread
  std::atomic<bool> stopping_ = false;
};

}  // namespace rec
