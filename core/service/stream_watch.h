// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/sync.h"
#include "core/service/catalogue.h"
#include "core/service/owner_lease.h"

namespace rec {

// Tells whoever receives streams in this process what the catalogue wants of them: commands, and tasks whose
// time comes. One thread and one connection per process and catalogue however many streams there are: it
// looks twice a second, and when a task begins or ends.
class StreamWatch {
 public:
  // What became of a command. Any thread; when all copies are gone and none was called, it is refused.
  using Answer = std::function<void(const Status &outcome)>;
  // On the watch's thread, without a lock. They must not wait, and not end a subscription.
  struct Listener {
    std::function<void(CommandVerb verb, Answer answer)> obey;
    // All tasks of the stream whose end is to come, deleted and stopped ones too; at every look, as long as
    // there are some, and once when there are none any more.
    std::function<void(std::vector<RecordingTask> tasks)> tasks;
    std::function<void(const Error &error)> trouble;  // with the catalogue; the same one once
  };

 private:
  struct Entry;
  struct Pending;
  struct Shared;
  class CallEnds;

 public:
  // Ends when it is destroyed: nothing is told after that. Waits for a call that is under way.
  class Subscription {
   public:
    ~Subscription();
    Subscription(const Subscription &) = delete;
    Subscription &operator=(const Subscription &) = delete;

   private:
    friend class StreamWatch;
    Subscription(std::shared_ptr<StreamWatch> watch, std::shared_ptr<Entry> entry);
    std::shared_ptr<StreamWatch> watch_;  // shared by all subscriptions
    std::shared_ptr<Entry> entry_;        // shared with its thread
  };

  // The one of this process: made at the first call, shared by all who subscribe while there are some.
  // Thread-safe. `clock` outlives it.
  static Result<std::shared_ptr<StreamWatch>> of_process(const std::string &catalogue_path,
                                                         const Clock &clock);
  static std::unique_ptr<Subscription> subscribe(const std::shared_ptr<StreamWatch> &watch,
                                                 PushIdentity stream, Listener listener);
  ~StreamWatch();
  StreamWatch(const StreamWatch &) = delete;
  StreamWatch &operator=(const StreamWatch &) = delete;

 private:
  // What the thread knows from one look to the next.
  struct Seen {
    std::optional<Catalogue> catalogue;
    std::optional<std::int64_t> changes;
    std::string trouble;
  };

  StreamWatch(std::string path, std::shared_ptr<const OwnerLease> lease, const Clock &clock);
  void run();
  Result<Nanoseconds> look(Seen &seen);  // how long until the next one
  Status write_answers(Catalogue &catalogue);
  Status pass_on_commands(Catalogue &catalogue);
  Result<Nanoseconds> pass_on_tasks(Catalogue &catalogue);
  void tell_trouble(Seen &seen, const Error &error);
  std::vector<std::shared_ptr<Entry>> entries();
  static bool call(Entry &entry, const std::function<void(const Listener &)> &what);

  const std::string path_;
  const std::shared_ptr<const OwnerLease> lease_;  // shared by all who work on this catalogue
  const Clock &clock_;
  const std::shared_ptr<Shared> shared_;  // with answers that are still to come
  std::thread thread_;
};

}  // namespace rec
