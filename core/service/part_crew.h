// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <vector>

#include "core/base/result.h"
#include "core/base/sync.h"
#include "core/model/multipart_plan.h"

namespace rec {

class BucketClient;

// The parts of long files, for whichever of a store's lanes has nothing else to do. Thread-safe.
class PartCrew {
 public:
  // Sends one part by a client of the thread that calls it. It is called by several threads at a time.
  using Send = std::function<Status(BucketClient &bucket, const PartRange &part)>;

  // `wake`: called on any thread, without a lock, when there are parts to help with.
  explicit PartCrew(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Sends all, by `mine` and by who helps, in any order, but as few at a time as fits_in_flight() says.
  // Returns when nobody is at it any more; after an error (the first is returned) none is begun.
  Status send_all(const std::vector<PartRange> &parts, BucketClient &mine, const Send &send)
      REC_EXCLUDES(mutex_);

  // Sends one part of somebody's file; false: nobody wants help.
  bool help(BucketClient &mine) REC_EXCLUDES(mutex_);

 private:
  struct Job {
    const std::vector<PartRange> &parts;
    const Send &send;
    std::size_t next = 0;  // in parts
    std::uint64_t bytes_in_flight = 0;
    unsigned in_flight = 0;
    Status outcome = ok();

    bool has_begun_all() const { return !outcome || next == parts.size(); }
    bool wants_hands() const {
      return !has_begun_all() && fits_in_flight(bytes_in_flight, parts[next].bytes);
    }
  };
  PartRange take(Job &job) REC_REQUIRES(mutex_);
  void send_one(Job &job, const PartRange &part, BucketClient &mine) REC_EXCLUDES(mutex_);

  const std::function<void()> wake_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::list<Job *> jobs_ REC_GUARDED_BY(mutex_);  // on the stacks of their send_all()
};

}  // namespace rec
