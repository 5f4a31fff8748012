// SPDX-License-Identifier: LGPL-2.1-or-later
// Tasks, and commands to the processes that receive streams.
#include <algorithm>
#include <array>
#include <string>

#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"
#include "core/service/owner_lease.h"

namespace rec {
namespace {

constexpr std::chrono::days kCommandMemory{1};

constexpr const char *kTaskColumns =
    "task_id, domain, app, stream, template, start_us, end_us, created_us, stopped_us, deleted_us";
// A stream's rows; parameters ?1 to ?3.
constexpr const char *kOfStream = "stream = ?1 AND app = ?2 AND domain = ?3 COLLATE NOCASE";

std::string select_tasks(const std::string &rest) {
  return std::string("SELECT ") + kTaskColumns + " FROM task WHERE " + rest;
}

RecordingTask read_task(const SqlStatement &row) {
  RecordingTask task;
  task.id = row.text(0);
  task.stream = {.domain = row.text(1), .app = row.text(2), .stream = row.text(3), .stream_param = ""};
  task.template_name = row.text(4);
  task.start = utc(row.int64(5));
  task.end = utc(row.int64(6));
  task.created = utc(row.int64(7));
  task.stopped = utc(row.maybe_int64(8));
  task.deleted = utc(row.maybe_int64(9));
  return task;
}

// One that is not deleted.
Result<RecordingTask> find_task(SqlDatabase &db, const std::string &id) {
  REC_TRY(auto query, db.prepare(select_tasks("task_id = ?1 AND deleted_us IS NULL")));
  REC_CHECK(query.bind_all(id));
  REC_TRY(auto found, query.rows(read_task));
  if (found.empty()) return Error{Errc::not_found, "there is no task " + id};
  return std::move(found.front());
}

constexpr std::array<std::pair<CommandState, std::string_view>, 5> kCommandStates = {
    {{CommandState::asked, "asked"},
     {CommandState::taken, "taken"},
     {CommandState::done, "done"},
     {CommandState::refused, "refused"},
     {CommandState::withdrawn, "withdrawn"}}};

CommandState command_state_named(std::string_view name) {
  for (const auto &[state, its_name] : kCommandStates)
    if (name == its_name) return state;
  return CommandState::refused;
}

}  // namespace

// ---- Tasks

Result<RecordingTask> Catalogue::create_task(const TaskRequest &request) {
  RecordingTask task;
  const auto body = [&]() -> Status {
    const UtcTime now = clock_->now_utc();
    REC_CHECK(db_.run_with("DELETE FROM task WHERE end_us < ?1", us(now - kTaskMemory)));
    REC_TRY(const auto others, tasks_of(request.stream));
    REC_TRY(task, make_task(request, others, now));
    task.id = random_decimal_id();
    return db_.run_with(
        "INSERT INTO task (task_id, domain, app, stream, template, start_us, end_us, created_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        task.id, task.stream.domain, task.stream.app, task.stream.stream, task.template_name, us(task.start),
        us(task.end), us(task.created));
  };
  REC_CHECK(db_.transaction(body));
  return task;
}

Status Catalogue::stop_task(const std::string &id) {
  return db_.transaction([&]() -> Status {
    const UtcTime now = clock_->now_utc();
    REC_TRY(const RecordingTask task, find_task(db_, id));
    REC_CHECK(may_stop(task, now));
    return db_.run_with("UPDATE task SET stopped_us = ?2 WHERE task_id = ?1", id, us(now));
  });
}

Status Catalogue::delete_task(const std::string &id) {
  return db_.transaction([&]() -> Status {
    REC_TRY(const RecordingTask task, find_task(db_, id));
    return db_.run_with("UPDATE task SET deleted_us = ?2 WHERE task_id = ?1", task.id, us(clock_->now_utc()));
  });
}

Result<std::vector<RecordingTask>> Catalogue::tasks(int limit) {
  REC_TRY(auto query, db_.prepare(select_tasks("deleted_us IS NULL ORDER BY id DESC LIMIT ?1")));
  REC_CHECK(query.bind_all(std::int64_t{limit}));
  return query.rows(read_task);
}

Result<std::vector<RecordingTask>> Catalogue::tasks_of(const PushIdentity &stream) {
  REC_TRY(auto query, db_.prepare(select_tasks(std::string(kOfStream) + " AND end_us > ?4 ORDER BY id")));
  REC_CHECK(query.bind_all(stream.stream, stream.app, stream.domain, us(clock_->now_utc())));
  return query.rows(read_task);
}

Result<std::vector<RecordingTask>> Catalogue::current_tasks() {
  REC_TRY(auto query, db_.prepare(select_tasks("end_us > ?1 ORDER BY id")));
  REC_CHECK(query.bind_all(us(clock_->now_utc())));
  return query.rows(read_task);
}

// ---- Commands

Result<std::vector<std::string>> Catalogue::receivers(const PushIdentity &stream, CommandVerb verb) {
  std::string sql = std::string("SELECT owner FROM push WHERE ended_us IS NULL AND ") + kOfStream;
  if (verb == CommandVerb::cancel_delay)
    sql += std::string(" UNION SELECT owner FROM recording WHERE state <> 'finished' AND ") + kOfStream;
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT owner FROM (" + sql + ") WHERE owner <> ''"));
  REC_CHECK(query.bind_all(stream.stream, stream.app, stream.domain));
  return query.rows(text_in_row);
}

Result<std::int64_t> Catalogue::ask(const std::string &owner, CommandVerb verb, const PushIdentity &stream) {
  std::int64_t id = 0;
  const auto body = [&]() -> Status {
    const UtcTime now = clock_->now_utc();
    REC_CHECK(db_.run_with("DELETE FROM command WHERE created_us < ?1", us(now - kCommandMemory)));
    REC_CHECK(
        db_.run_with("INSERT INTO command (owner, domain, app, stream, verb, state, created_us) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, 'asked', ?6)",
                     owner, stream.domain, stream.app, stream.stream, name_of(verb), us(now)));
    id = db_.last_insert_id();
    return ok();
  };
  REC_CHECK(db_.transaction(body));
  return id;
}

Result<std::vector<RecordingCommand>> Catalogue::take_commands(const std::string &owner) {
  {  // Most of the time there are none: that is found out without locking out other writers.
    REC_TRY(auto query, db_.prepare("SELECT 1 FROM command WHERE owner = ?1 AND state = 'asked' LIMIT 1"));
    REC_CHECK(query.bind_all(owner));
    REC_TRY(const bool some, query.step());
    if (!some) return std::vector<RecordingCommand>();
  }
  REC_TRY(auto update, db_.prepare("UPDATE command SET state = 'taken' WHERE owner = ?1 AND state = 'asked' "
                                   "RETURNING id, verb, domain, app, stream"));
  REC_CHECK(update.bind_all(owner));
  std::vector<RecordingCommand> commands;
  REC_CHECK(update.each_row([&](const SqlStatement &row) {
    const auto verb = command_named(row.text(1));
    if (!verb) return;  // the table's own check forbids it
    commands.push_back(
        {.id = row.int64(0),
         .verb = *verb,
         .stream = {.domain = row.text(2), .app = row.text(3), .stream = row.text(4), .stream_param = ""}});
  }));
  std::sort(commands.begin(), commands.end(), [](const auto &a, const auto &b) { return a.id < b.id; });
  return commands;
}

Status Catalogue::answer_command(std::int64_t id, const Status &outcome) {
  return db_.run_with("UPDATE command SET state = ?2, error = ?3 WHERE id = ?1 AND state = 'taken'", id,
                      outcome ? "done" : "refused", outcome ? std::string() : outcome.error().message);
}

Result<bool> Catalogue::withdraw_command(std::int64_t id) {
  REC_CHECK(db_.run_with("UPDATE command SET state = 'withdrawn' WHERE id = ?1 AND state = 'asked'", id));
  return db_.changes() == 1;
}

Result<CommandAnswer> Catalogue::command_answer(std::int64_t id) {
  REC_TRY(auto query, db_.prepare("SELECT state, error FROM command WHERE id = ?1"));
  REC_CHECK(query.bind_all(id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::not_found, "there is no command " + std::to_string(id)};
  return CommandAnswer{.state = command_state_named(query.text(0)), .error = query.text(1)};
}

Result<std::int64_t> Catalogue::changes_by_others() {
  REC_TRY(auto query, db_.prepare("PRAGMA data_version"));
  REC_CHECK(query.step());
  return query.int64(0);
}

}  // namespace rec
