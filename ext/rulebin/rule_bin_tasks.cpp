// SPDX-License-Identifier: LGPL-2.1-or-later
// What the catalogue wants of a rulebin while it runs: tasks, which are branches beside the template's, and
// commands.
#include <gst/video/video.h>

#include <algorithm>
#include <utility>

#include "core/model/recording_names.h"
#include "ext/rulebin/rule_bin.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {

// A task that runs already records this push from its first frame on.
Status RuleBin::watch_stream(CatalogueDesk &at) {
  Result<std::vector<RecordingTask>> known = std::vector<RecordingTask>();
  (void)at.call([&] { known = at.catalogue().tasks_of(push_); });
  if (!known) return Error{known.error().code, "catalogue: " + known.error().message};
  tasks_.with([&](Tasks &tasks) { tasks.known = *std::move(known); });
  change_tasks();
  REC_TRY(const auto watch, StreamWatch::of_process(at.path(), clock_));
  watch_ = StreamWatch::subscribe(
      watch, push_,
      {.obey = [this](CommandVerb verb, const StreamWatch::Answer &answer) { command(verb, answer); },
       .tasks = [this](std::vector<RecordingTask> tasks) { tasks_are(std::move(tasks)); },
       .trouble =
           [this](const Error &error) {
             (void)post([this, error](CatalogueDesk &) {
               post_warning(bin_, {error.code, "tasks and commands cannot be read: " + error.message});
             });
           }});
  return ok();
}

// Jobs of an earlier start do nothing: what they are about is over.
void RuleBin::later(std::function<void()> what) {
  using Job = std::function<void()>;
  auto *job = new Job([this, start = starts_.load(), what = std::move(what)] {
    GST_STATE_LOCK(bin_);
    if (start == starts_.load() && desk()) barrier(bin_, what);
    GST_STATE_UNLOCK(bin_);
  });
  gst_element_call_async(
      GST_ELEMENT(bin_), [](GstElement *, gpointer data) { (*static_cast<Job *>(data))(); }, job,
      [](gpointer data) { delete static_cast<Job *>(data); });
}

// ---- Tasks

void RuleBin::tasks_are(std::vector<RecordingTask> tasks) {
  const UtcTime now = clock_.now_utc();
  const bool changes = tasks_.with([&](Tasks &mine) {
    mine.known = std::move(tasks);
    const TaskChanges plan = plan_tasks(mine.known, mine.running, now);
    return !plan.begin.empty() || !plan.end.empty();
  });
  if (changes) later([this] { change_tasks(); });
}

void RuleBin::change_tasks() {
  const UtcTime now = clock_.now_utc();
  const TaskChanges plan = tasks_.with([&](Tasks &mine) {
    TaskChanges changes = plan_tasks(mine.known, mine.running, now);
    for (const std::string &id : changes.end)
      std::erase_if(mine.running, [&](const RunningTask &run) { return run.id == id; });
    for (const RecordingTask &task : changes.begin) mine.running.push_back({task.id, task.end});
    return changes;
  });
  for (const std::string &id : plan.end) end_task(id);
  for (const RecordingTask &task : plan.begin) begin_task(task);
  if (!plan.begin.empty()) request_keyframe();
}

void RuleBin::begin_task(const RecordingTask &task) {
  const auto named = configuration_->templates.find(task.template_name);
  const RecordingTemplate wanted =
      template_of_task(named == configuration_->templates.end() ? nullptr : &named->second);
  const std::string session_id = random_decimal_id();
  const NameFacts facts{.domain = push_.domain,
                        .app = push_.app,
                        .stream = push_.stream,
                        .record_id = session_id,
                        .random_id = random_decimal_id(),
                        .start = clock_.now_utc()};
  auto names = bind_names(wanted, directory_, facts);
  if (!names) {
    post_warning(bin_,
                 {names.error().code, "task " + task.id + " is not recorded: " + names.error().message});
    return;
  }
  const auto branch = add_branch({.name = "task-" + task.id,
                                  .session = {.push = push_,
                                              .owner = "",
                                              .session_id = session_id,
                                              .directory = directory_,
                                              .recording_template = wanted,
                                              .task = task.id},
                                  .names = *std::move(names)});
  branch->follow();
  branch->attach(inputs_);
  task_branches_[task.id] = branch;
  MessageBuilder("rulebin-task-began")
      .field("task", task.id)
      .field("template", wanted.name)
      .time("end-time", task.end)
      .post(bin_);
  (void)post([this](CatalogueDesk &at) { note_unrecorded_push(at); });
}

void RuleBin::end_task(const std::string &id) {
  const auto found = task_branches_.find(id);
  if (found == task_branches_.end()) return;  // it could not begin
  const auto branch = found->second;
  task_branches_.erase(found);
  branch->expect_no_more();
  retire(branch);
  MessageBuilder("rulebin-task-ended").field("task", id).post(bin_);
}

// So that what begins in the middle of a push need not wait for the next one that comes by itself.
void RuleBin::request_keyframe() {
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(bin_), "video");
  const auto video = Ref<GstPad>::adopt(pad);
  if (video && inputs_.push_is_open())
    gst_pad_push_event(pad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

// ---- Commands

void RuleBin::command(CommandVerb verb, const StreamWatch::Answer &answer) {
  later([this, verb, answer] { answer(obey(verb)); });
}

Status RuleBin::obey(CommandVerb verb) {
  switch (verb) {
    case CommandVerb::start:
      return command(RecordingInput::start);
    case CommandVerb::stop:
      return command(RecordingInput::stop);
    case CommandVerb::restart:
      return command(RecordingInput::restart);
    case CommandVerb::cancel_delay:
      break;
  }
  return command(RecordingInput::cancel_delay);
}

}  // namespace rec
