// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_sql.h"
#include "core/service/schema.h"

namespace rec {
namespace {

constexpr std::int64_t kVersion = 7;

// Version 2: files that are joined after interruptions. With the columns as schema.sql has them.
constexpr std::string_view kFrom1To2 = R"(
  ALTER TABLE file ADD COLUMN push_id INTEGER;
  ALTER TABLE file ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE file ADD COLUMN joined_into INTEGER;
  CREATE INDEX file_part ON file (recording_id) WHERE part <> 0;
  PRAGMA user_version = 2;
)";

// Version 3: tasks and commands; uploads in parts; contents.
constexpr std::string_view kFrom2To3 = R"(
  ALTER TABLE outbox ADD COLUMN upload_id TEXT NOT NULL DEFAULT '';
  CREATE INDEX push_open ON push (stream) WHERE ended_us IS NULL;
  ALTER TABLE recording ADD COLUMN task TEXT NOT NULL DEFAULT '';
  ALTER TABLE recording ADD COLUMN content TEXT NOT NULL DEFAULT 'origin';
  CREATE TABLE task (
    id         INTEGER PRIMARY KEY,
    task_id    TEXT NOT NULL UNIQUE,
    domain     TEXT NOT NULL,
    app        TEXT NOT NULL,
    stream     TEXT NOT NULL,
    template   TEXT NOT NULL,
    start_us   INTEGER NOT NULL,
    end_us     INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    stopped_us INTEGER,
    deleted_us INTEGER
  );
  CREATE INDEX task_by_end ON task (end_us);
  CREATE INDEX task_by_stream ON task (stream);
  CREATE TABLE command (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    owner      TEXT NOT NULL,
    domain     TEXT NOT NULL,
    app        TEXT NOT NULL,
    stream     TEXT NOT NULL,
    verb       TEXT NOT NULL CHECK (verb IN ('start', 'stop', 'restart', 'cancel-delay')),
    state      TEXT NOT NULL CHECK (state IN ('asked', 'taken', 'done', 'refused', 'withdrawn')),
    error      TEXT NOT NULL DEFAULT '',
    created_us INTEGER NOT NULL
  );
  CREATE INDEX command_asked ON command (owner) WHERE state = 'asked';
  PRAGMA user_version = 3;
)";

// Version 4: what a callback tells, and in which order; manifests; backup stores and local copies.
constexpr std::string_view kFrom3To4 = R"(
  ALTER TABLE recording ADD COLUMN backup_store TEXT NOT NULL DEFAULT '';
  ALTER TABLE recording ADD COLUMN in_backup INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE file ADD COLUMN stored_in TEXT NOT NULL DEFAULT '';
  ALTER TABLE file ADD COLUMN removed_us INTEGER;
  UPDATE file SET stored_in = (SELECT store FROM recording WHERE id = recording_id) WHERE url <> '';
  ALTER TABLE recording ADD COLUMN manifest TEXT NOT NULL DEFAULT '';
  ALTER TABLE recording ADD COLUMN manifest_state INTEGER NOT NULL DEFAULT 0;
  UPDATE recording SET manifest_state = 2 WHERE state = 'finished';
  CREATE INDEX recording_manifest_due ON recording (id) WHERE state = 'finished' AND manifest_state < 2;
  ALTER TABLE file ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
  ALTER TABLE segment ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbox ADD COLUMN path TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbox ADD COLUMN backfill INTEGER NOT NULL DEFAULT 0;
  DROP INDEX outbox_owed;
  CREATE INDEX outbox_owed ON outbox (kind, target, backfill, next_attempt_us) WHERE done_us IS NULL;
  CREATE INDEX outbox_of_file ON outbox (file_id) WHERE file_id IS NOT NULL;
  CREATE INDEX outbox_of_segment ON outbox (segment_id) WHERE segment_id IS NOT NULL;
  CREATE TABLE store_state (
    store            TEXT PRIMARY KEY,
    succeeded_us     INTEGER,
    failing_since_us INTEGER,
    failed           INTEGER NOT NULL DEFAULT 0,
    next_probe_us    INTEGER,
    down_us          INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE store_journal (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us        INTEGER NOT NULL,
    event        TEXT NOT NULL CHECK (event IN ('outage', 'back', 'failed-over', 'returned', 'back-filled')),
    store        TEXT NOT NULL,
    backup       TEXT NOT NULL DEFAULT '',
    recording_id INTEGER REFERENCES recording (id)
  );
  CREATE TABLE growing_upload (
    file_id         INTEGER PRIMARY KEY,
    target          TEXT NOT NULL,
    key             TEXT NOT NULL DEFAULT '',
    upload_id       TEXT NOT NULL DEFAULT '',
    repaired        INTEGER NOT NULL DEFAULT 0,
    lease           TEXT NOT NULL DEFAULT '',
    next_attempt_us INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX growing_upload_of_store ON growing_upload (target, key);
  CREATE TABLE grown_part (
    file_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    etag    TEXT NOT NULL,
    PRIMARY KEY (file_id, number)
  ) WITHOUT ROWID;
  ALTER TABLE recording ADD COLUMN formats TEXT NOT NULL DEFAULT '';
  ALTER TABLE recording_callback ADD COLUMN events TEXT NOT NULL DEFAULT 'file-finished';
  ALTER TABLE recording_callback ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN event TEXT NOT NULL DEFAULT 'file-finished';
  ALTER TABLE outbox ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN detail TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbox ADD COLUMN holds INTEGER NOT NULL DEFAULT 1;
  CREATE INDEX outbox_order ON outbox (recording_id, target, id) WHERE kind = 'callback' AND done_us IS NULL;
  CREATE INDEX outbox_playlist ON outbox (recording_id, id) WHERE waits_for = 'segments';
  CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY,
    owed_id      INTEGER NOT NULL,
    recording_id INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    target       TEXT NOT NULL,
    at_us        INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    http_status  INTEGER NOT NULL,
    error        TEXT NOT NULL
  );
  CREATE INDEX delivery_of_recording ON delivery (recording_id);
  UPDATE outbox SET sequence = numbered.n FROM
    (SELECT id, row_number() OVER (PARTITION BY recording_id, target ORDER BY id) AS n FROM outbox
     WHERE kind = 'callback') AS numbered
    WHERE numbered.id = outbox.id;
  UPDATE recording_callback SET told = numbered.n FROM
    (SELECT recording_id, target, count(*) AS n FROM outbox WHERE kind = 'callback'
     GROUP BY recording_id, target) AS numbered
    WHERE numbered.recording_id = recording_callback.recording_id AND numbered.target = recording_callback.target;
  PRAGMA user_version = 4;
)";

// Version 5: recordings made of others, deletion.
constexpr std::string_view kFrom4To5 = R"(
  ALTER TABLE recording ADD COLUMN source TEXT NOT NULL DEFAULT 'push';
  ALTER TABLE recording ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recording ADD COLUMN expires_us INTEGER;
  ALTER TABLE recording ADD COLUMN removal INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recording ADD COLUMN quality TEXT NOT NULL DEFAULT '';
  CREATE TABLE derived_from (
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    position     INTEGER NOT NULL,
    source_id    INTEGER NOT NULL REFERENCES recording (id),
    from_us      INTEGER,
    to_us        INTEGER,
    PRIMARY KEY (recording_id, position)
  ) WITHOUT ROWID;
  CREATE INDEX derived_of ON derived_from (source_id);
  CREATE TABLE clip_segment (
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    position     INTEGER NOT NULL,
    segment_id   INTEGER NOT NULL REFERENCES segment (id),
    PRIMARY KEY (recording_id, position)
  ) WITHOUT ROWID;
  CREATE INDEX clip_of_segment ON clip_segment (segment_id);
  CREATE INDEX recording_begun ON recording (started_us);
  CREATE INDEX recording_begun_of_stream ON recording (stream, started_us);
  CREATE INDEX recording_present ON recording (started_us) WHERE removal = 0;
  CREATE INDEX recording_present_of_stream ON recording (stream, started_us, app, domain) WHERE removal = 0;
  CREATE INDEX recording_present_of_app ON recording (app, started_us) WHERE removal = 0;
  CREATE INDEX recording_present_of_domain ON recording (domain, started_us) WHERE removal = 0;
  CREATE INDEX recording_present_of_template ON recording (template, started_us) WHERE removal = 0;
  CREATE INDEX recording_of_task ON recording (task, started_us) WHERE task <> '';
  CREATE INDEX recording_derived ON recording (source, started_us) WHERE source <> 'push';
  CREATE INDEX recording_running ON recording (started_us) WHERE state <> 'finished';
  CREATE INDEX recording_gone ON recording (ended_us) WHERE removal = 2;
  CREATE INDEX recording_expires ON recording (expires_us) WHERE expires_us IS NOT NULL AND removal = 0;
  CREATE INDEX recording_by_length ON recording (ended_us - started_us) WHERE state = 'finished';
  CREATE INDEX file_by_path ON file (path) WHERE path <> '';
  CREATE INDEX segment_by_path ON segment (path);
  CREATE INDEX segment_by_time ON segment (recording_id, started_us);
  CREATE INDEX outbox_of_recording ON outbox (recording_id, kind, event);
  CREATE INDEX store_journal_of_recording ON store_journal (recording_id) WHERE recording_id IS NOT NULL;
  CREATE INDEX recording_described ON recording (store) WHERE manifest_state = 2;
  CREATE TABLE removal (
    recording_id    INTEGER PRIMARY KEY REFERENCES recording (id),
    scope           TEXT NOT NULL CHECK (scope IN ('information', 'files', 'files+information')),
    begun_us        INTEGER NOT NULL,
    next_attempt_us INTEGER,
    lease           TEXT NOT NULL DEFAULT '',
    attempts        INTEGER NOT NULL DEFAULT 0,
    last_error      TEXT NOT NULL DEFAULT ''
  );
  CREATE INDEX removal_due ON removal (next_attempt_us) WHERE lease = '' AND next_attempt_us IS NOT NULL;
  CREATE INDEX removal_leased ON removal (lease) WHERE lease <> '';
  ALTER TABLE recording ADD COLUMN playlist_apart INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recording ADD COLUMN manifest_object TEXT NOT NULL DEFAULT '';
  ALTER TABLE file ADD COLUMN object TEXT NOT NULL DEFAULT '';
  ALTER TABLE segment ADD COLUMN object TEXT NOT NULL DEFAULT '';
  UPDATE file SET object = (SELECT substr(file.path, length(r.directory) + 2) FROM recording r
                            WHERE r.id = file.recording_id)
    WHERE state = 'closed' AND part = 0 AND joined_into IS NULL AND EXISTS
      (SELECT 1 FROM recording r WHERE r.id = file.recording_id AND r.store <> ''
       AND substr(file.path, 1, length(r.directory) + 1) = r.directory || '/');
  UPDATE segment SET object = (SELECT substr(segment.path, length(r.directory) + 2) FROM recording r
                               WHERE r.id = segment.recording_id)
    WHERE EXISTS (SELECT 1 FROM recording r WHERE r.id = segment.recording_id AND r.store <> ''
                  AND substr(segment.path, 1, length(r.directory) + 1) = r.directory || '/');
  UPDATE recording SET manifest_object = substr(manifest, length(directory) + 2)
    WHERE store <> '' AND substr(manifest, 1, length(directory) + 1) = directory || '/';
  CREATE INDEX recording_by_manifest_object ON recording (manifest_object) WHERE manifest_object <> '';
  CREATE INDEX file_by_object ON file (object) WHERE object <> '';
  CREATE INDEX segment_by_object ON segment (object) WHERE object <> '';
  ALTER TABLE recording ADD COLUMN playlist_refresh_ns INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX outbox_running ON outbox (recording_id) WHERE running = 1;
  CREATE TABLE job (
    id              INTEGER PRIMARY KEY,
    recording_id    INTEGER NOT NULL REFERENCES recording (id),
    kind            TEXT NOT NULL,
    format          TEXT NOT NULL,
    next_attempt_us INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    lease           TEXT NOT NULL DEFAULT '',
    last_error      TEXT NOT NULL DEFAULT '',
    done_us         INTEGER,
    result_id       INTEGER REFERENCES recording (id)
  );
  CREATE INDEX job_owed ON job (next_attempt_us) WHERE done_us IS NULL;
  CREATE INDEX job_of_recording ON job (recording_id);
  CREATE INDEX job_with_result ON job (result_id) WHERE result_id IS NOT NULL;
  PRAGMA user_version = 5;
)";

// Version 6: sums of what is being recorded; how frames lie in files and segments.
constexpr std::string_view kFrom5To6 = R"(
  ALTER TABLE recording ADD COLUMN rebuilt INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE file ADD COLUMN keyframes INTEGER;
  ALTER TABLE file ADD COLUMN longest_gop_ns INTEGER;
  ALTER TABLE file ADD COLUMN audio_start_ns INTEGER;
  ALTER TABLE file ADD COLUMN audio_end_ns INTEGER;
  ALTER TABLE segment ADD COLUMN keyframes INTEGER;
  ALTER TABLE segment ADD COLUMN longest_gop_ns INTEGER;
  ALTER TABLE segment ADD COLUMN audio_start_ns INTEGER;
  ALTER TABLE segment ADD COLUMN audio_end_ns INTEGER;
  CREATE TABLE progress (
    recording_id  INTEGER PRIMARY KEY REFERENCES recording (id),
    video_frames  INTEGER NOT NULL DEFAULT 0,
    audio_frames  INTEGER NOT NULL DEFAULT 0,
    media_bytes   INTEGER NOT NULL DEFAULT 0,
    last_media_us INTEGER,
    segments      INTEGER NOT NULL DEFAULT 0,
    stored_bytes  INTEGER NOT NULL DEFAULT 0,
    media_ns      INTEGER NOT NULL DEFAULT 0,
    until_us      INTEGER
  );
  CREATE TABLE frame_drop (
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    format       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    frames       INTEGER NOT NULL,
    PRIMARY KEY (recording_id, format, reason)
  ) WITHOUT ROWID;
  CREATE TABLE gap_sum (
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    reason       TEXT NOT NULL,
    gaps         INTEGER NOT NULL,
    length_us    INTEGER NOT NULL,
    PRIMARY KEY (recording_id, reason)
  ) WITHOUT ROWID;
  INSERT INTO progress (recording_id, segments, stored_bytes, media_ns, until_us)
    SELECT s.recording_id, count(CASE WHEN s.duration_ns > 0 THEN 1 END), sum(s.size_bytes), sum(s.duration_ns),
      max(CASE WHEN s.duration_ns > 0 THEN s.started_us + s.duration_ns / 1000 END)
    FROM recording r JOIN segment s ON s.recording_id = r.id WHERE r.state <> 'finished' GROUP BY s.recording_id;
  ALTER TABLE recording ADD COLUMN retention_s INTEGER;
  ALTER TABLE job ADD COLUMN name TEXT NOT NULL DEFAULT '';
  ALTER TABLE job ADD COLUMN file_id INTEGER REFERENCES file (id);
  ALTER TABLE job ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE job ADD COLUMN log TEXT NOT NULL DEFAULT '';
  ALTER TABLE job ADD COLUMN begun_us INTEGER;
  DROP INDEX job_owed;
  CREATE INDEX job_owed ON job (kind, name, next_attempt_us) WHERE done_us IS NULL;
  CREATE INDEX job_of_file ON job (file_id) WHERE file_id IS NOT NULL;
  CREATE INDEX job_given_up ON job (id) WHERE done_us IS NOT NULL AND last_error <> '';
  CREATE TABLE recording_process (
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    position     INTEGER NOT NULL,
    format       TEXT NOT NULL,
    name         TEXT NOT NULL,
    merged       INTEGER NOT NULL,
    PRIMARY KEY (recording_id, position)
  ) WITHOUT ROWID;
  PRAGMA user_version = 6;
)";

// Version 7: formats whose time is over before that of their recording; names of clips.
constexpr std::string_view kFrom6To7 = R"(
  ALTER TABLE recording ADD COLUMN expired_formats TEXT NOT NULL DEFAULT '';
  CREATE INDEX recording_by_formats ON recording (template, expired_formats, started_us)
    WHERE removal = 0 AND source = 'push';
  ALTER TABLE removal ADD COLUMN only_expired INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE file ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE clip_name (
    id         INTEGER PRIMARY KEY,
    owner      TEXT NOT NULL,
    path       TEXT NOT NULL,
    directory  TEXT NOT NULL,
    inode      INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL
  );
  PRAGMA user_version = 7;
)";

struct Step {
  std::int64_t from;
  std::string_view script;
};
constexpr Step kSteps[] = {{1, kFrom1To2}, {2, kFrom2To3}, {3, kFrom3To4},
                           {4, kFrom4To5}, {5, kFrom5To6}, {6, kFrom6To7}};

Result<std::int64_t> version_of(SqlDatabase &db) {
  REC_TRY(auto query, db.prepare("PRAGMA user_version"));
  REC_CHECK(query.step());
  return query.int64(0);
}

Error not_known(const std::string &path, std::int64_t version) {
  return {Errc::invalid_argument, path + ": catalogue version " + std::to_string(version) +
                                      " is not one that this program knows (" + std::to_string(kVersion) +
                                      " and older)"};
}

}  // namespace

Status set_up_schema(SqlDatabase &db, const std::string &path) {
  REC_TRY(const std::int64_t found, version_of(db));
  if (found == kVersion) return ok();
  // Asked again in it: another process may just have done the same.
  return db.transaction([&]() -> Status {
    REC_TRY(const std::int64_t version, version_of(db));
    if (version < 0 || version > kVersion) return not_known(path, version);
    if (version == 0) REC_CHECK(db.run(kSchema));
    for (const Step &step : kSteps)
      if (version > 0 && step.from >= version) REC_CHECK(db.run(step.script));
    return db.run(kViews);
  });
}

}  // namespace rec
