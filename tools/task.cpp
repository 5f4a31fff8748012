// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "core/io/json.h"
#include "core/service/config_reader.h"
#include "core/service/recording_json.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

const char *state_of(const RecordingTask &task, UtcTime now) {
  if (task.stopped) return "stopped";
  if (now < task.start) return "waiting";
  return now < task.end ? "running" : "over";
}

JsonObjectWriter json_of(const RecordingTask &task, UtcTime now) {
  JsonObjectWriter json;
  json.text("task_id", task.id);
  add_push(json, task.stream)
      .text("template", task.template_name)
      .text("start", time_text(task.start))
      .text("end", time_text(task.end))
      .text("state", state_of(task, now));
  if (task.stopped) json.text("stopped", time_text(*task.stopped));
  return json;
}

void print_task(const RecordingTask &task, UtcTime now) {
  print_line(task.id, "  " + task.stream.domain + "/" + task.stream.app + "/" + task.stream.stream + " by " +
                          (task.template_name.empty() ? std::string("HLS, kept for ever")
                                                      : "template \"" + task.template_name + "\""));
  print_line("  state", state_of(task, now));
  print_line("  window", time_text(task.start) + " to " + time_text(task.end));
  if (task.stopped) print_line("  stopped", time_text(*task.stopped));
}

Result<TaskRequest> read_request(const Options &options, UtcTime now) {
  TaskRequest request;
  REC_TRY(request.stream, read_stream(options));
  request.template_name = options.value("--template");
  if (options.has("--start")) {
    REC_TRY(request.start, parse_time(options.value("--start")));
  }
  if (options.has("--end") == options.has("--duration"))
    return Error{Errc::invalid_argument, "one of --end and --duration is needed"};
  if (options.has("--end")) {
    REC_TRY(request.end, parse_time(options.value("--end")));
    return request;
  }
  const auto duration = parse_duration(options.value("--duration"));
  if (!duration || *duration > std::chrono::days(366))
    return Error{Errc::invalid_argument, "--duration: expected one like 30min or 2h"};
  request.end = request.start.value_or(now) + *duration;
  return request;
}

int create(const Options &options) {
  const SystemClock clock;
  const auto request = read_request(options, clock.now_utc());
  if (!request) return usage_error(command_named("task"), request.error().message);
  // Made if need be: a task may be there before the first push.
  auto catalogue = Catalogue::open(options.catalogue(), clock);
  if (!catalogue) return failed("task create", catalogue.error());
  const auto task = catalogue->create_task(*request);
  if (!task) return failed("task create", task.error());
  if (options.json())
    std::puts(json_of(*task, clock.now_utc()).to_string().c_str());
  else
    print_task(*task, clock.now_utc());
  return kDone;
}

int list_tasks(const Options &options) {
  const SystemClock clock;
  const auto tasks = [&]() -> Result<std::vector<RecordingTask>> {
    REC_TRY(auto catalogue, open_existing(options, clock));
    return catalogue.tasks(options.limit());
  }();
  if (!tasks) return failed("task list", tasks.error());
  const UtcTime now = clock.now_utc();
  if (options.json()) {
    std::vector<JsonObjectWriter> list;
    for (const RecordingTask &one : *tasks) list.push_back(json_of(one, now));
    std::puts(JsonObjectWriter().objects("tasks", std::move(list)).to_string().c_str());
    return kDone;
  }
  for (const RecordingTask &one : *tasks) print_task(one, now);
  if (tasks->empty()) std::puts("no tasks");
  return kDone;
}

int change(const Options &options, const std::string &verb) {
  const SystemClock clock;
  const std::string &id = options.words[1];
  const auto done = [&]() -> Status {
    REC_TRY(auto catalogue, open_existing(options, clock));
    return verb == "stop" ? catalogue.stop_task(id) : catalogue.delete_task(id);
  }();
  if (!done) return failed(("task " + verb).c_str(), done.error());
  const char *outcome = verb == "stop" ? "stopped" : "deleted";
  if (options.json())
    std::puts(JsonObjectWriter().text("task_id", id).text("outcome", outcome).to_string().c_str());
  else
    std::puts(outcome);
  return kDone;
}

}  // namespace

int task(const std::vector<std::string> &arguments) {
  const Command &command = command_named("task");
  const std::string verb = arguments.empty() ? "" : arguments.front();
  const bool by_id = verb == "stop" || verb == "delete";
  Names valued = {"--catalogue"};
  if (verb == "list") valued.push_back("--limit");
  if (verb == "create")
    valued.insert(valued.end(),
                  {"--domain", "--app", "--stream", "--template", "--start", "--end", "--duration"});
  else if (verb != "list" && !by_id)
    return usage_error(command, "create, list, stop or delete is needed");
  const auto options = read_options(arguments, valued, {"--json"}, by_id ? 2 : 1);
  if (!options) return usage_error(command, options.error().message);
  if (options->words.size() != (by_id ? 2U : 1U)) return usage_error(command, "a task's id is needed");
  if (verb == "create") return create(*options);
  return verb == "list" ? list_tasks(*options) : change(*options, verb);
}

}  // namespace rec::tool
