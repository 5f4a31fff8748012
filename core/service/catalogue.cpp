// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/io/files.h"
#include "core/service/catalogue_sql.h"
#include "core/service/job_rows.h"
#include "core/service/recording_quality.h"
#include "core/service/running_playlist.h"

namespace rec {
namespace {

// Held while the file is created: SQLite's own busy handler does not cover the switch to WAL.
class CreationLock {
 public:
  explicit CreationLock(const std::string &directory)
      : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  CreationLock(const CreationLock &) = delete;
  CreationLock &operator=(const CreationLock &) = delete;
  ~CreationLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

std::string select_recordings(std::string_view rest) {
  return "SELECT " + std::string(kRecordingColumns) + " FROM recording " + std::string(rest);
}

Result<std::vector<Recording>> read_all(SqlDatabase &db, SqlStatement &query) {
  REC_TRY(auto recordings, query.rows(read_recording));
  for (Recording &r : recordings) REC_CHECK(read_callbacks(db, r));
  return recordings;
}

}  // namespace

Result<Catalogue> Catalogue::open(const std::string &path, const Clock &clock) {
  if (path == ":memory:") {
    REC_TRY(auto db, SqlDatabase::open(path));
    REC_CHECK(set_up_schema(db, path));
    return Catalogue(path, std::move(db), clock);
  }
  auto directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  REC_CHECK(make_directories(directory));
  const CreationLock lock(directory);
  REC_TRY(auto db, SqlDatabase::open(path));
  REC_CHECK(set_up_schema(db, path));
  return Catalogue(path, std::move(db), clock);
}

// ---- Pushes

Result<std::int64_t> Catalogue::begin_push(const std::string &owner, const PushIdentity &push,
                                           const std::string &template_name) {
  REC_CHECK(db_.run_with(
      "INSERT INTO push (owner, domain, app, stream, stream_param, template, started_us) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      owner, push.domain, push.app, push.stream, push.stream_param, template_name, us(clock_->now_utc())));
  return db_.last_insert_id();
}

Status Catalogue::end_push(std::int64_t push_id) {
  return db_.run_with("UPDATE push SET ended_us = ?2 WHERE id = ?1 AND ended_us IS NULL", push_id,
                      us(clock_->now_utc()));
}

Result<PushCounts> Catalogue::push_counts(const std::string &owner) {
  REC_TRY(auto query, db_.prepare("SELECT count(*), count(*) - count(ended_us) FROM push WHERE owner = ?1"));
  REC_CHECK(query.bind_all(owner));
  REC_CHECK(query.step());
  return PushCounts{.seen = static_cast<std::uint64_t>(query.int64(0)),
                    .open = static_cast<std::uint64_t>(query.int64(1))};
}

Status Catalogue::end_pushes_of(const std::string &owner) {
  return db_.run_with("UPDATE push SET ended_us = ?2 WHERE owner = ?1 AND ended_us IS NULL", owner,
                      us(clock_->now_utc()));
}

// ---- Recordings

Result<Recording> Catalogue::start_recording(const NewRecording &r) {
  std::int64_t id = 0;
  const auto body = [&]() -> Status {
    REC_CHECK(db_.run_with(
        "INSERT INTO recording (session_id, domain, app, stream, stream_param, template, state, owner, "
        "splice_timeout_ns, started_us, active_us, playlist_path, directory, store, task, "
        "content, backup_store, formats, source, playlist_refresh_ns, retention_s) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'recording', ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
        "?17, ?18, ?19)",
        r.session_id, r.push.domain, r.push.app, r.push.stream, r.push.stream_param, r.template_name, r.owner,
        std::int64_t{r.splice_timeout.count()}, us(r.started), r.playlist_path, r.directory, r.store, r.task,
        r.content, r.backup_store, r.formats, name_of(r.source), std::int64_t{r.playlist_refresh.count()},
        r.retention ? std::optional<std::int64_t>(r.retention->count()) : std::nullopt));
    id = db_.last_insert_id();
    std::int64_t position = 0;
    for (const std::string &target : r.callbacks) {
      const auto events = r.events.find(target);
      REC_CHECK(
          db_.run_with("INSERT INTO recording_callback (recording_id, position, target, events) "
                       "VALUES (?1, ?2, ?3, ?4)",
                       id, position++, target,
                       join_events(events == r.events.end() ? RecordingEvents{RecordingEvent::file_finished}
                                                            : events->second)));
    }
    REC_CHECK(want_jobs(db_, id, r.jobs, clock_->now_utc()));
    return tell(db_, id, {.event = RecordingEvent::recording_started}, clock_->now_utc());
  };
  REC_CHECK(db_.transaction(body));
  return recording(id);
}

Status Catalogue::set_playlist_path(std::int64_t recording_id, const std::string &path) {
  return db_.run_with("UPDATE recording SET playlist_path = ?2 WHERE id = ?1", recording_id, path);
}

Result<std::optional<Recording>> Catalogue::claim_paused(const NewRecording &like) {
  std::optional<Recording> claimed;
  const auto body = [&]() -> Status {
    const std::string sql =
        "UPDATE recording SET state = 'recording', owner = ?1, stream_param = ?2, resume_until_us = NULL, "
        "active_us = ?7 WHERE id = (SELECT id FROM recording WHERE state = 'paused' AND domain = ?3 AND "
        "app = ?4 AND stream = ?5 AND template = ?6 AND task = ?8 AND content = ?9 AND "
        "resume_until_us > ?7 "
        "ORDER BY id DESC LIMIT 1) "
        "RETURNING " +
        std::string(kRecordingColumns);
    REC_TRY(auto update, db_.prepare(sql));
    REC_CHECK(update.bind_all(like.owner, like.push.stream_param, like.push.domain, like.push.app,
                              like.push.stream, like.template_name, us(clock_->now_utc()), like.task,
                              like.content));
    REC_TRY(const bool found, update.step());
    if (found) claimed = read_recording(update);
    REC_CHECK(update.finish());  // only a statement that has ended is committed
    if (!claimed) return ok();
    return tell(db_, claimed->id, {.event = RecordingEvent::recording_resumed}, clock_->now_utc());
  };
  REC_CHECK(db_.transaction(body));
  if (claimed) REC_CHECK(read_callbacks(db_, *claimed));
  return claimed;
}

Result<bool> Catalogue::pause_recording(std::int64_t recording_id, const std::string &owner,
                                        UtcTime resume_until) {
  bool paused = false;
  const auto body = [&]() -> Status {
    REC_CHECK(
        db_.run_with("UPDATE recording SET state = 'paused', resume_until_us = ?3, active_us = ?4 "
                     "WHERE id = ?1 AND owner = ?2 AND state = 'recording'",
                     recording_id, owner, us(resume_until), us(clock_->now_utc())));
    paused = db_.changes() == 1;
    if (!paused) return ok();
    return tell(db_, recording_id, {.event = RecordingEvent::recording_paused}, clock_->now_utc());
  };
  REC_CHECK(db_.transaction(body));
  return paused;
}

Result<bool> Catalogue::claim_finish(std::int64_t recording_id, const std::string &owner) {
  REC_CHECK(
      db_.run_with("UPDATE recording SET state = 'paused', resume_until_us = 0 "
                   "WHERE id = ?1 AND owner = ?2 AND state <> 'finished'",
                   recording_id, owner));
  return db_.changes() == 1;
}

Result<bool> Catalogue::claim_finish_of_pause(std::int64_t recording_id, const std::string &owner,
                                              UtcTime resume_until) {
  REC_CHECK(
      db_.run_with("UPDATE recording SET resume_until_us = 0 "
                   "WHERE id = ?1 AND owner = ?2 AND state = 'paused' AND resume_until_us = ?3",
                   recording_id, owner, us(resume_until)));
  return db_.changes() == 1;
}

Status Catalogue::finish_recording(std::int64_t recording_id, UtcTime ended,
                                   const std::optional<ClosedFile> &playlist) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(
        db_.run_with("UPDATE recording SET state = 'finished', resume_until_us = NULL, ended_us = ?2, "
                     "expires_us = " +
                         expiry_after("?2") + " WHERE id = ?1 AND state <> 'finished'",
                     recording_id, us(ended)));
    if (db_.changes() == 0) return ok();
    REC_CHECK(settle_parts(recording_id));
    if (playlist) REC_CHECK(insert_playlist(recording_id, *playlist));
    REC_CHECK(check_quality(db_, recording_id));
    return tell(db_, recording_id, {.event = RecordingEvent::recording_finished}, clock_->now_utc());
  });
}

Status Catalogue::insert_playlist(std::int64_t recording_id, const ClosedFile &playlist) {
  OpenedFile opened;
  opened.recording_id = recording_id;
  opened.format = Format::hls;
  opened.temp_path = playlist.temp_path;
  opened.location_pattern = playlist.path;
  opened.started = playlist.started;
  REC_CHECK(insert_file(opened));
  REC_CHECK(end_running_playlist(db_, recording_id, playlist.path));
  return settle_file(playlist);
}

Status Catalogue::change_playlist(std::int64_t recording_id, const ClosedFile &finished,
                                  const std::string &path) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(insert_playlist(recording_id, finished));
    return set_playlist_path(recording_id, path);
  });
}

Status Catalogue::release_recording(std::int64_t recording_id, const std::string &owner) {
  return db_.run_with(
      "UPDATE recording SET owner = '' WHERE id = ?1 AND owner = ?2 AND (state <> 'finished' OR "
      "id IN (SELECT recording_id FROM file WHERE part <> 0))",
      recording_id, owner);
}

Result<Recording> Catalogue::recording(std::int64_t recording_id) {
  REC_TRY(auto query, db_.prepare(select_recordings("WHERE id = ?1")));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(auto found, read_all(db_, query));
  if (found.empty()) return Error{Errc::not_found, "no recording " + std::to_string(recording_id)};
  return std::move(found.front());
}

Result<std::vector<Recording>> Catalogue::recordings(int limit) {
  REC_TRY(auto query, db_.prepare(select_recordings("ORDER BY id DESC LIMIT ?1")));
  REC_CHECK(query.bind_all(std::int64_t{limit}));
  return read_all(db_, query);
}

Result<std::uint64_t> Catalogue::unfinished_recordings(const std::string &owner) {
  REC_TRY(auto query,
          db_.prepare("SELECT count(*) FROM recording WHERE owner = ?1 AND (state <> 'finished' OR "
                      "id IN (SELECT recording_id FROM file WHERE part <> 0) OR "
                      "id IN (SELECT recording_id FROM job WHERE done_us IS NULL AND kind = 'merge'))"));
  REC_CHECK(query.bind_all(owner));
  REC_CHECK(query.step());
  return static_cast<std::uint64_t>(query.int64(0));
}

// ---- Recovery

Result<std::vector<std::string>> Catalogue::working_owners() {
  REC_TRY(auto query,
          db_.prepare("SELECT owner FROM recording WHERE state <> 'finished' "
                      "UNION SELECT r.owner FROM file f JOIN recording r ON r.id = f.recording_id "
                      "WHERE f.state = 'open' OR f.part <> 0 "
                      "UNION SELECT owner FROM push WHERE ended_us IS NULL"));
  return query.rows(text_in_row);
}

Result<std::vector<Recording>> Catalogue::recordings_of(const std::string &owner) {
  REC_TRY(auto query, db_.prepare(select_recordings(
                          "WHERE owner = ?1 AND (state <> 'finished' OR id IN "
                          "(SELECT recording_id FROM file WHERE state = 'open' OR part <> 0)) ORDER BY id")));
  REC_CHECK(query.bind_all(owner));
  return read_all(db_, query);
}

Result<bool> Catalogue::take_over(std::int64_t recording_id, const std::string &from,
                                  const std::string &owner) {
  REC_CHECK(db_.run_with("UPDATE recording SET owner = ?3 WHERE id = ?1 AND owner = ?2", recording_id, from,
                         owner));
  return db_.changes() == 1;
}

}  // namespace rec
