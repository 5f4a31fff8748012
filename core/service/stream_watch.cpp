// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/stream_watch.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>

namespace rec {
namespace {

constexpr Milliseconds kGlance{500};
constexpr const char *kNobody = "no such stream: nobody here receives it";
constexpr const char *kNoAnswer = "the stream has ended meanwhile";

// Equal for the same stream only.
std::string key_of(const PushIdentity &stream) {
  std::string key = stream.domain;
  std::transform(key.begin(), key.end(), key.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return key + '\0' + stream.app + '\0' + stream.stream;
}

}  // namespace

struct StreamWatch::Shared {
  struct Outcome {
    std::int64_t command = 0;
    Status outcome = ok();
  };
  Mutex mutex;
  std::condition_variable wake;   // there is something to do
  std::condition_variable quiet;  // a call has ended
  std::unordered_map<std::string, std::vector<std::shared_ptr<Entry>>> entries REC_GUARDED_BY(mutex);
  std::deque<Outcome> answers REC_GUARDED_BY(mutex);
  bool kicked REC_GUARDED_BY(mutex) = false;
  bool stopping REC_GUARDED_BY(mutex) = false;
};

struct StreamWatch::Entry {
  Entry(std::shared_ptr<Shared> with, PushIdentity whose, Listener to)
      : shared(std::move(with)), stream(std::move(whose)), listener(std::move(to)) {}
  const std::shared_ptr<Shared> shared;
  const PushIdentity stream;
  const Listener listener;
  bool had_tasks = false;  // the watch's thread
  bool calling = false;    // both: shared->mutex
  bool over = false;
};

// One command while it is obeyed, by one or several: one of them is enough.
struct StreamWatch::Pending {
  Pending(std::shared_ptr<Shared> to, std::int64_t which) : shared(std::move(to)), id(which) {}
  Pending(const Pending &) = delete;
  Pending &operator=(const Pending &) = delete;
  ~Pending() {
    const Status said = outcome.copy().value_or(Status(Error{Errc::not_found, kNoAnswer}));
    {
      MutexLock lock(shared->mutex);
      shared->answers.push_back({id, said});
      shared->kicked = true;
    }
    shared->wake.notify_all();
  }
  void answer(const Status &said) {
    outcome.with([&](std::optional<Status> &best) {
      if (!best || (!*best && said)) best = said;
    });
  }

  const std::shared_ptr<Shared> shared;
  const std::int64_t id;
  Guarded<std::optional<Status>> outcome;
};

// ---- Subscriptions

Result<std::shared_ptr<StreamWatch>> StreamWatch::of_process(const std::string &catalogue_path,
                                                             const Clock &clock) {
  REC_TRY(auto lease, process_owner(catalogue_path));
  // As the lease, which names the process in the catalogue: elements that never meet share it.
  static Guarded<std::map<std::string, std::weak_ptr<StreamWatch>>> watches;
  return watches.with([&](auto &known) -> Result<std::shared_ptr<StreamWatch>> {
    std::weak_ptr<StreamWatch> &mine = known[lease->id()];
    if (auto watch = mine.lock()) return watch;
    std::shared_ptr<StreamWatch> watch(new StreamWatch(catalogue_path, std::move(lease), clock));
    mine = watch;
    return watch;
  });
}

StreamWatch::StreamWatch(std::string path, std::shared_ptr<const OwnerLease> lease, const Clock &clock)
    : path_(std::move(path)),
      lease_(std::move(lease)),
      clock_(clock),
      shared_(std::make_shared<Shared>()),
      thread_([this] { run(); }) {}

StreamWatch::~StreamWatch() {
  {
    MutexLock lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->wake.notify_all();
  thread_.join();
}

std::unique_ptr<StreamWatch::Subscription> StreamWatch::subscribe(const std::shared_ptr<StreamWatch> &watch,
                                                                  PushIdentity stream, Listener listener) {
  Shared &shared = *watch->shared_;
  stream.stream_param.clear();
  auto entry = std::make_shared<Entry>(watch->shared_, std::move(stream), std::move(listener));
  {
    MutexLock lock(shared.mutex);
    shared.entries[key_of(entry->stream)].push_back(entry);
    shared.kicked = true;
  }
  shared.wake.notify_all();
  return std::unique_ptr<Subscription>(new Subscription(watch, std::move(entry)));
}

StreamWatch::Subscription::Subscription(std::shared_ptr<StreamWatch> watch, std::shared_ptr<Entry> entry)
    : watch_(std::move(watch)), entry_(std::move(entry)) {}

StreamWatch::Subscription::~Subscription() {
  Shared &shared = *entry_->shared;
  MutexLock lock(shared.mutex);
  entry_->over = true;
  lock.wait(shared.quiet, [&] { return !entry_->calling; });
  const auto found = shared.entries.find(key_of(entry_->stream));
  std::erase(found->second, entry_);
  if (found->second.empty()) shared.entries.erase(found);
}

// ---- The thread

// However a listener's function ends.
class StreamWatch::CallEnds {
 public:
  explicit CallEnds(Entry &entry) : entry_(entry) {}
  CallEnds(const CallEnds &) = delete;
  CallEnds &operator=(const CallEnds &) = delete;
  ~CallEnds() {
    {
      MutexLock lock(entry_.shared->mutex);
      entry_.calling = false;
    }
    entry_.shared->quiet.notify_all();
  }

 private:
  Entry &entry_;
};

bool StreamWatch::call(Entry &entry, const std::function<void(const Listener &)> &what) {
  Shared &shared = *entry.shared;
  {
    MutexLock lock(shared.mutex);
    if (entry.over) return false;
    entry.calling = true;
  }
  const CallEnds ends(entry);
  what(entry.listener);
  return true;
}

std::vector<std::shared_ptr<StreamWatch::Entry>> StreamWatch::entries() {
  std::vector<std::shared_ptr<Entry>> all;
  MutexLock lock(shared_->mutex);
  for (const auto &[key, of_stream] : shared_->entries)
    all.insert(all.end(), of_stream.begin(), of_stream.end());
  return all;
}

void StreamWatch::run() {
  Seen seen;
  for (;;) {
    Nanoseconds pause = kGlance;
    try {
      const auto next = look(seen);
      if (next) seen.trouble.clear();
      if (next) pause = std::clamp<Nanoseconds>(*next, Nanoseconds(0), kGlance);
      if (!next) tell_trouble(seen, next.error());
    } catch (const std::exception &e) {  // out of memory, say: the thread must not end the process
      tell_trouble(seen, {Errc::unavailable, e.what()});
    }
    MutexLock lock(shared_->mutex);
    if (shared_->stopping) return;
    const auto has_work = [&]() REC_TSA(no_thread_safety_analysis) {
      return shared_->kicked || shared_->stopping;
    };
    lock.wait_for(shared_->wake, pause, has_work);
    shared_->kicked = false;
  }
}

Result<Nanoseconds> StreamWatch::look(Seen &seen) {
  if (!seen.catalogue) {
    REC_TRY(seen.catalogue, Catalogue::open(path_, clock_));
  }
  Catalogue &catalogue = *seen.catalogue;
  REC_CHECK(write_answers(catalogue));
  REC_TRY(const std::int64_t changes, catalogue.changes_by_others());
  if (seen.changes != changes) REC_CHECK(pass_on_commands(catalogue));
  seen.changes = changes;
  REC_CHECK(write_answers(catalogue));
  return pass_on_tasks(catalogue);
}

Status StreamWatch::write_answers(Catalogue &catalogue) {
  for (;;) {
    std::optional<Shared::Outcome> next;
    {
      MutexLock lock(shared_->mutex);
      if (shared_->answers.empty()) return ok();
      next = shared_->answers.front();
    }
    REC_CHECK(catalogue.answer_command(next->command, next->outcome));
    MutexLock lock(shared_->mutex);
    shared_->answers.pop_front();
  }
}

Status StreamWatch::pass_on_commands(Catalogue &catalogue) {
  REC_TRY(const auto commands, catalogue.take_commands(lease_->id()));
  for (const RecordingCommand &command : commands) {
    const auto pending = std::make_shared<Pending>(shared_, command.id);
    std::vector<std::shared_ptr<Entry>> receivers;
    {
      MutexLock lock(shared_->mutex);
      const auto found = shared_->entries.find(key_of(command.stream));
      if (found != shared_->entries.end()) receivers = found->second;
    }
    if (receivers.empty()) pending->answer(Error{Errc::not_found, kNobody});
    for (const auto &entry : receivers)
      call(*entry, [&](const Listener &listener) {
        listener.obey(command.verb, [pending](const Status &outcome) { pending->answer(outcome); });
      });
  }
  return ok();
}

Result<Nanoseconds> StreamWatch::pass_on_tasks(Catalogue &catalogue) {
  const auto receivers = entries();
  if (receivers.empty()) return Nanoseconds(kGlance);
  REC_TRY(auto tasks, catalogue.current_tasks());
  std::unordered_map<std::string, std::vector<RecordingTask>> by_stream;
  for (RecordingTask &task : tasks) by_stream[key_of(task.stream)].push_back(std::move(task));
  const UtcTime now = clock_.now_utc();
  Nanoseconds pause = kGlance;
  for (const auto &entry : receivers) {
    const auto found = by_stream.find(key_of(entry->stream));
    const bool has_tasks = found != by_stream.end();
    if (has_tasks || entry->had_tasks)
      call(*entry, [&](const Listener &listener) {
        listener.tasks(has_tasks ? found->second : std::vector<RecordingTask>());
      });
    entry->had_tasks = has_tasks;
    if (!has_tasks) continue;
    for (const RecordingTask &task : found->second)
      for (const UtcTime instant : {task.start, task.end})
        if (instant > now) pause = std::min<Nanoseconds>(pause, instant - now);
  }
  return pause;
}

void StreamWatch::tell_trouble(Seen &seen, const Error &error) {
  if (error.message == seen.trouble) return;
  seen.trouble = error.message;
  for (const auto &entry : entries())
    call(*entry, [&](const Listener &listener) { listener.trouble(error); });
}

}  // namespace rec
