// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/part_crew.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace rec {

PartRange PartCrew::take(Job &job) {
  const PartRange part = job.parts[job.next++];
  ++job.in_flight;
  job.bytes_in_flight += part.bytes;
  return part;
}

void PartCrew::send_one(Job &job, const PartRange &part, BucketClient &mine) {
  Status sent = ok();
  try {
    sent = job.send(mine, part);
  } catch (const std::exception &e) {  // out of memory, say: who waits for this part must hear of it
    sent = Error{Errc::unavailable, e.what()};
  }
  {
    MutexLock lock(mutex_);
    --job.in_flight;
    job.bytes_in_flight -= part.bytes;
    if (!sent && job.outcome) job.outcome = std::move(sent);
    changed_.notify_all();  // under the lock: after it the job may be gone
  }
}

Status PartCrew::send_all(const std::vector<PartRange> &parts, BucketClient &mine, const Send &send) {
  Job job{parts, send};
  {
    MutexLock lock(mutex_);
    jobs_.push_back(&job);
  }
  for (;;) {
    std::optional<PartRange> part;
    bool others = false;
    {
      MutexLock lock(mutex_);
      lock.wait(changed_, [&] { return job.wants_hands() || job.in_flight == 0; });
      if (job.wants_hands()) part = take(job);
      if (!part) {
        jobs_.remove(&job);
        return std::move(job.outcome);
      }
      others = job.wants_hands();
    }
    if (others) wake_();
    send_one(job, *part, mine);
  }
}

bool PartCrew::help(BucketClient &mine) {
  Job *job = nullptr;
  PartRange part;
  {
    MutexLock lock(mutex_);
    const auto found =
        std::find_if(jobs_.begin(), jobs_.end(), [](const Job *j) { return j->wants_hands(); });
    if (found == jobs_.end()) return false;
    job = *found;
    part = take(*job);
  }
  send_one(*job, part, mine);
  return true;
}

}  // namespace rec
