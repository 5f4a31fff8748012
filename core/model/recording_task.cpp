// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_task.h"

#include <algorithm>
#include <tuple>

namespace rec {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr days kLatestEnd{7};
constexpr days kLatestStart{6};
constexpr hours kLongest{24};
constexpr std::size_t kMaxNameBytes = 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Status check_name(const char *what, const std::string &name) {
  if (name.empty() || name == "*")
    return Error{Errc::invalid_argument,
                 std::string(what) + ": a task is for one stream: expected an exact name"};
  if (name.size() > kMaxNameBytes)
    return Error{Errc::invalid_argument,
                 std::string(what) + ": expected at most " + std::to_string(kMaxNameBytes) + " bytes"};
  return ok();
}

Status check_window(UtcTime start, UtcTime end, UtcTime now) {
  const auto refuse = [](const char *why) { return Error{Errc::invalid_argument, why}; };
  if (end <= now) return refuse("end: expected a time to come, found one that is over");
  if (end <= start) return refuse("end: expected a time after the start");
  if (end >= now + kLatestEnd) return refuse("end: expected a time within the next 7 days");
  if (start > now + kLatestStart) return refuse("start: expected a time within the next 6 days");
  if (end - start > kLongest) return refuse("end: expected at most 24 hours after the start");
  return ok();
}

bool is_armed(const RecordingTask &task) { return !task.stopped && !task.deleted; }

// The most tasks that run at one time in [start, end). The number changes only where one begins.
std::size_t most_at_once(const std::vector<RecordingTask> &tasks, UtcTime start, UtcTime end) {
  std::vector<UtcTime> instants = {start};
  for (const RecordingTask &task : tasks)
    if (task.start > start && task.start < end) instants.push_back(task.start);
  std::size_t most = 0;
  for (const UtcTime at : instants) {
    const auto running = std::count_if(tasks.begin(), tasks.end(), [&](const RecordingTask &task) {
      return is_armed(task) && task.start <= at && at < task.end;
    });
    most = std::max(most, static_cast<std::size_t>(running));
  }
  return most;
}

}  // namespace

bool same_stream(const PushIdentity &a, const PushIdentity &b) {
  return a.stream == b.stream && a.app == b.app &&
         std::equal(a.domain.begin(), a.domain.end(), b.domain.begin(), b.domain.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

Result<RecordingTask> make_task(const TaskRequest &request, const std::vector<RecordingTask> &others,
                                UtcTime now) {
  const auto check = [&]() -> Status {
    if (Status name = check_name("domain", request.stream.domain); !name) return name;
    if (Status name = check_name("app", request.stream.app); !name) return name;
    if (Status name = check_name("stream", request.stream.stream); !name) return name;
    return check_window(request.start.value_or(now), request.end, now);
  };
  if (Status good = check(); !good) return std::move(good).error();
  RecordingTask task;
  task.stream = request.stream;
  task.stream.stream_param.clear();
  task.template_name = request.template_name;
  task.start = request.start.value_or(now);
  task.end = request.end;
  task.created = now;
  // What is over does not count, even if the start was asked for in the past.
  if (most_at_once(others, std::max(task.start, now), task.end) >= kMaxTasksAtOnce)
    return Error{Errc::exists, "at most " + std::to_string(kMaxTasksAtOnce) +
                                   " tasks of one stream may run at the same time, and as many do already"};
  return task;
}

Status may_stop(const RecordingTask &task, UtcTime now) {
  if (task.stopped) return Error{Errc::exists, "task " + task.id + " has been stopped already"};
  if (task.end <= now) return Error{Errc::exists, "task " + task.id + " has ended already"};
  return ok();
}

RecordingTemplate template_of_task(const RecordingTemplate *named) {
  if (named && named->records()) return *named;
  RecordingTemplate hls;
  hls.hls = HlsFormat{};
  return hls;
}

TaskChanges plan_tasks(const std::vector<RecordingTask> &tasks, const std::vector<RunningTask> &running,
                       UtcTime now) {
  TaskChanges changes;
  const auto look_at = [&](UtcTime when) {
    if (!changes.next || when < *changes.next) changes.next = when;
  };
  const auto was_stopped = [&](const RunningTask &run) {
    return std::any_of(tasks.begin(), tasks.end(),
                       [&](const RecordingTask &task) { return task.id == run.id && task.stopped; });
  };
  for (const RunningTask &run : running) {
    if (run.end <= now || was_stopped(run))
      changes.end.push_back(run.id);
    else
      look_at(run.end);
  }
  std::vector<RecordingTask> due;
  for (const RecordingTask &task : tasks) {
    const bool runs =
        std::any_of(running.begin(), running.end(), [&](const auto &run) { return run.id == task.id; });
    if (runs || !is_armed(task) || task.end <= now) continue;
    if (task.start <= now)
      due.push_back(task);
    else
      look_at(task.start);
  }
  std::sort(due.begin(), due.end(), [](const RecordingTask &a, const RecordingTask &b) {
    return std::tie(a.start, a.id) < std::tie(b.start, b.id);
  });
  const std::size_t staying = running.size() - changes.end.size();
  const std::size_t room = kMaxTasksAtOnce - std::min(kMaxTasksAtOnce, staying);
  if (due.size() > room) due.resize(room);
  for (const RecordingTask &task : due) look_at(task.end);
  changes.begin = std::move(due);
  return changes;
}

}  // namespace rec
