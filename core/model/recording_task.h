// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/push.h"
#include "core/model/recording_template.h"

namespace rec {

// A window of time in which one stream is recorded, beside and whatever its rules say (spec 2.5). Every push
// of the stream in the window is recorded; a window without one leaves nothing.
struct RecordingTask {
  std::string id;             // 64-bit decimal
  PushIdentity stream;        // without stream_param
  std::string template_name;  // asked for; see template_of_task()
  UtcTime start;
  UtcTime end;  // > start; the first instant that is not recorded
  UtcTime created;
  std::optional<UtcTime> stopped;  // ended early, and does not begin again
  std::optional<UtcTime> deleted;  // goes on where it runs; begins nowhere
};

// What somebody wants; nothing here has been checked.
struct TaskRequest {
  PushIdentity stream;
  std::string template_name;
  std::optional<UtcTime> start;  // nothing = now
  UtcTime end;
};

// Of one stream at any one time (spec 0.2 C6).
inline constexpr std::size_t kMaxTasksAtOnce = 3;
// Rows of tasks that ended longer ago are forgotten (spec 2.5: three months).
inline constexpr std::chrono::days kTaskMemory{90};

// Both name the same stream. Domains compare without regard to case, the rest exactly.
bool same_stream(const PushIdentity &a, const PushIdentity &b);

// The request as a task without id, or what is wrong with it (spec 2.5, 0.2 C6 and C8): exact names are
// needed; now < end < now + 7 days, start < end, start <= now + 6 days, end - start <= 24 h; and with
// `others`, all tasks of that stream, no more than kMaxTasksAtOnce may overlap at any time.
Result<RecordingTask> make_task(const TaskRequest &request, const std::vector<RecordingTask> &others,
                                UtcTime now);

// Why it cannot be stopped: it has been, or its time is over.
Status may_stop(const RecordingTask &task, UtcTime now);

// What a task records by: the template that it names, whatever that says about triggers; HLS that is kept for
// ever when it names none, one that is not there or one that records nothing (spec 0.2 C5). `named` may be
// null.
RecordingTemplate template_of_task(const RecordingTemplate *named);

// A task that a push is being recorded for.
struct RunningTask {
  std::string id;
  UtcTime end;
};

struct TaskChanges {
  std::vector<RecordingTask> begin;  // earliest start first
  std::vector<std::string> end;      // ids
  std::optional<UtcTime> next;       // when to look again, if no row changes before
};

// What is to happen to the tasks of one stream that is being pushed. `tasks`: all rows of the stream. What
// runs goes on until its end, even if its row was deleted or the clock was set back; of those that may begin,
// no more than kMaxTasksAtOnce run at once.
TaskChanges plan_tasks(const std::vector<RecordingTask> &tasks, const std::vector<RunningTask> &running,
                       UtcTime now);

}  // namespace rec
