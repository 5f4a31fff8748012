-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The catalogue. Units by suffix: _us = microseconds since 1970-01-01T00:00:00Z, _ns = nanoseconds,
-- _bytes = bytes, _s = seconds. Text is UTF-8; '' = nothing, NULL = not yet. Paths are absolute.
PRAGMA application_id = 0x72656331;  -- "rec1"
PRAGMA user_version = 7;  -- what changed since 1: catalogue_schema.cpp

-- A publisher's connection, recorded or not.
CREATE TABLE push (
  id           INTEGER PRIMARY KEY,
  owner        TEXT NOT NULL,     -- lease of the process that receives it
  domain       TEXT NOT NULL,     -- push domain
  app          TEXT NOT NULL,     -- push path
  stream       TEXT NOT NULL,     -- stream name
  stream_param TEXT NOT NULL,     -- query of the push URL, without '?'
  template     TEXT NOT NULL,     -- that matched; '' = not recorded
  started_us   INTEGER NOT NULL,
  ended_us     INTEGER            -- NULL while it lasts
);
CREATE INDEX push_by_owner ON push (owner);
CREATE INDEX push_open ON push (stream) WHERE ended_us IS NULL;

-- One logical result of one template: what a push and the pushes that continued it left behind.
CREATE TABLE recording (
  id                INTEGER PRIMARY KEY,
  session_id        TEXT NOT NULL UNIQUE,  -- 64-bit decimal, told to callbacks
  domain            TEXT NOT NULL,
  app               TEXT NOT NULL,
  stream            TEXT NOT NULL,
  stream_param      TEXT NOT NULL,         -- of the last push
  template          TEXT NOT NULL,
  state             TEXT NOT NULL CHECK (state IN ('recording', 'paused', 'finished')),
  owner             TEXT NOT NULL,         -- lease of who works on it, or did; '' = nobody
  resume_until_us   INTEGER,               -- while paused: last instant to continue it; 0 = being finished
  splice_timeout_ns INTEGER NOT NULL,      -- how long a pause may last; 0 = not at all
  started_us        INTEGER NOT NULL,
  active_us         INTEGER NOT NULL,      -- last sign of life
  ended_us          INTEGER,               -- set when finished
  playlist_path     TEXT NOT NULL,         -- of HLS; '' = none
  directory         TEXT NOT NULL,         -- spool root; object key = path below it
  store             TEXT NOT NULL,         -- name in the configuration; '' = files stay in the spool
  task              TEXT NOT NULL DEFAULT '',  -- task_id of the task that it is made for; '' = by rule
  content           TEXT NOT NULL DEFAULT 'origin',  -- or 'watermarked', 'transcoded:ID'
  backup_store      TEXT NOT NULL DEFAULT '',  -- name in the configuration; '' = none
  in_backup         INTEGER NOT NULL DEFAULT 0, -- 1 = store has failed: uploads are owed to both, the first one counts
  formats           TEXT NOT NULL DEFAULT '',  -- of the template, HLS first: 'hls+flv'; '' = not known
  manifest          TEXT NOT NULL DEFAULT '',    -- path of its manifest (manifest.h); '' = none
  manifest_state   INTEGER NOT NULL DEFAULT 0,   -- 0 = to be written, 1 = to be written again when all is uploaded,
                                                 -- 2 = written for good, 3 = and its local copy was deleted
  source           TEXT NOT NULL DEFAULT 'push', -- what it was made of: 'push', or of other recordings (derived_from)
                                                 -- as 'clip', 'merge' or 'job'
  hold             INTEGER NOT NULL DEFAULT 0,   -- 1 = legal hold: nothing of it is deleted
  retention_s      INTEGER,                      -- how long its files are kept after its end, as its push asked;
                                                 -- 0 = for ever; NULL = as its template says
  expires_us       INTEGER,                      -- its files are deleted then; NULL = never, or not finished
  removal          INTEGER NOT NULL DEFAULT 0,   -- 0 = it is there, 1 = its files are being deleted, 2 = they are
                                                 -- gone and this information is kept
  playlist_apart   INTEGER NOT NULL DEFAULT 0,   -- 1 = in stores its playlists and segments lie in a folder of their
                                                 -- own, because another recording has their names (object_names.h)
  manifest_object  TEXT NOT NULL DEFAULT '',     -- of its manifest, as file.object; '' = none
  playlist_refresh_ns INTEGER NOT NULL DEFAULT 0, -- how often store gets the playlist meanwhile; 0 = at its end only
  quality          TEXT NOT NULL DEFAULT '',     -- what the check at its end found, a JSON object
                                                 -- (recording_quality.h); '' = not checked
  rebuilt          INTEGER NOT NULL DEFAULT 0,   -- 1 = it is known from its manifest: of its uploads no rows tell
  expired_formats  TEXT NOT NULL DEFAULT ''      -- of its formats those whose own time is over, while others stay:
                                                 -- 'flv+mp4'. When HLS is among them it has no playlist_path any more
);
CREATE INDEX recording_unfinished ON recording (owner) WHERE state <> 'finished';
CREATE INDEX recording_manifest_due ON recording (id) WHERE state = 'finished' AND manifest_state < 2;
CREATE INDEX recording_described ON recording (store) WHERE manifest_state = 2;
CREATE INDEX recording_by_manifest_object ON recording (manifest_object) WHERE manifest_object <> '';
CREATE INDEX recording_by_stream ON recording (stream, app, domain);
-- For searches in order of beginning (recording_search.cpp): of all, and of those that are there.
CREATE INDEX recording_begun ON recording (started_us);
CREATE INDEX recording_begun_of_stream ON recording (stream, started_us);
CREATE INDEX recording_present ON recording (started_us) WHERE removal = 0;
CREATE INDEX recording_present_of_stream ON recording (stream, started_us, app, domain) WHERE removal = 0;
CREATE INDEX recording_present_of_app ON recording (app, started_us) WHERE removal = 0;
CREATE INDEX recording_present_of_domain ON recording (domain, started_us) WHERE removal = 0;
CREATE INDEX recording_present_of_template ON recording (template, started_us) WHERE removal = 0;
-- For formats whose time is over before that of their recordings (format_expiry.h).
CREATE INDEX recording_by_formats ON recording (template, expired_formats, started_us)
  WHERE removal = 0 AND source = 'push';
CREATE INDEX recording_of_task ON recording (task, started_us) WHERE task <> '';
CREATE INDEX recording_derived ON recording (source, started_us) WHERE source <> 'push';
CREATE INDEX recording_running ON recording (started_us) WHERE state <> 'finished';
CREATE INDEX recording_gone ON recording (ended_us) WHERE removal = 2;
CREATE INDEX recording_expires ON recording (expires_us) WHERE expires_us IS NOT NULL AND removal = 0;
CREATE INDEX recording_by_length ON recording (ended_us - started_us) WHERE state = 'finished';

-- Of what a clip, a merge or the result of a job is made, in playback order.
CREATE TABLE derived_from (
  recording_id INTEGER NOT NULL REFERENCES recording (id),  -- the derived one
  position     INTEGER NOT NULL,                            -- from 0
  source_id    INTEGER NOT NULL REFERENCES recording (id),
  from_us      INTEGER,                                     -- wall clock of what was taken; NULL = its beginning
  to_us        INTEGER,                                     -- NULL = its end
  PRIMARY KEY (recording_id, position)
) WITHOUT ROWID;
CREATE INDEX derived_of ON derived_from (source_id);

-- Segments of other recordings that the playlist of a clip names: they stay as long as it does.
CREATE TABLE clip_segment (
  recording_id INTEGER NOT NULL REFERENCES recording (id),  -- the clip
  position     INTEGER NOT NULL,                            -- in its playlist, from 0
  segment_id   INTEGER NOT NULL REFERENCES segment (id),
  PRIMARY KEY (recording_id, position)
) WITHOUT ROWID;
CREATE INDEX clip_of_segment ON clip_segment (segment_id);

-- Names that files of clips and merges are about to get: their recordings have no rows yet (clip_names.h).
CREATE TABLE clip_name (
  id         INTEGER PRIMARY KEY,
  owner      TEXT NOT NULL,     -- owner lease of who makes it
  path       TEXT NOT NULL,     -- or that with a number
  directory  TEXT NOT NULL,     -- spool root
  inode      INTEGER NOT NULL,  -- by which the file is known
  size_bytes INTEGER NOT NULL
);

-- Recordings whose files are being deleted, or of which some stay because clips need them.
CREATE TABLE removal (
  recording_id    INTEGER PRIMARY KEY REFERENCES recording (id),
  scope           TEXT NOT NULL CHECK (scope IN ('information', 'files', 'files+information')),
  begun_us        INTEGER NOT NULL,
  next_attempt_us INTEGER,                     -- NULL = when a clip goes that needs its segments
  lease           TEXT NOT NULL DEFAULT '',    -- owner lease of who is at it; '' = nobody
  attempts        INTEGER NOT NULL DEFAULT 0,  -- that failed
  last_error      TEXT NOT NULL DEFAULT '',    -- one line, no secrets
  only_expired    INTEGER NOT NULL DEFAULT 0   -- 1 = of a recording that stays: only what file.expired tells goes
);
CREATE INDEX removal_due ON removal (next_attempt_us) WHERE lease = '' AND next_attempt_us IS NOT NULL;
CREATE INDEX removal_leased ON removal (lease) WHERE lease <> '';

-- Who is told about a recording.
CREATE TABLE recording_callback (
  recording_id INTEGER NOT NULL REFERENCES recording (id),
  position     INTEGER NOT NULL,  -- order in the template, from 0
  target       TEXT NOT NULL,     -- name in the configuration
  events       TEXT NOT NULL DEFAULT 'file-finished',  -- that it is told, with ',' between them
  told         INTEGER NOT NULL DEFAULT 0,             -- how many it was told, or is owed
  PRIMARY KEY (recording_id, position)
) WITHOUT ROWID;

-- A recorded file, or the playlist of a finished HLS recording.
CREATE TABLE file (
  id               INTEGER PRIMARY KEY,
  recording_id     INTEGER NOT NULL REFERENCES recording (id),
  format           TEXT NOT NULL,     -- 'flv', 'mp4', 'aac', 'mp3', 'hls', 'other'
  state            TEXT NOT NULL CHECK (state IN ('open', 'closed', 'failed')),
  temp_path        TEXT NOT NULL,     -- name while it grows
  location_pattern TEXT NOT NULL,     -- final name with {End*} placeholders left
  utc_offset_s     INTEGER NOT NULL,  -- of the zone of {End*}, east of Greenwich
  path             TEXT NOT NULL,     -- final name; '' unless closed
  fragment_id      INTEGER NOT NULL,  -- number in the push, from the start index
  started_us       INTEGER NOT NULL,  -- first frame arrived
  ended_us         INTEGER,           -- last frame arrived
  duration_ns      INTEGER NOT NULL,  -- of the media
  size_bytes       INTEGER NOT NULL,
  video_codec      TEXT NOT NULL,     -- 'h264', 'h265', '' = no video
  width            INTEGER NOT NULL,  -- pixels
  height           INTEGER NOT NULL,  -- pixels
  audio_codec      TEXT NOT NULL,     -- 'aac', '' = no audio
  video_frames     INTEGER NOT NULL,
  audio_frames     INTEGER NOT NULL,
  media_start_ns   INTEGER NOT NULL,  -- PTS of the first frame as it came
  error            TEXT NOT NULL,     -- why it failed
  url              TEXT NOT NULL,     -- where it was uploaded to; '' = not (yet)
  push_id          INTEGER,           -- that brought it; NULL = not known
  part             INTEGER NOT NULL DEFAULT 0,  -- 1 = may become a part of a longer file: nothing is owed for it;
                                                -- 2 = is being made of parts
  joined_into      INTEGER,           -- file that has, or will have, what this part holds
  stored_in        TEXT NOT NULL DEFAULT '',  -- store that url is in
  removed_us       INTEGER,           -- the local copy was deleted (of a playlist: the recording's segments, too);
                                      -- NULL = it was not
  sha256           TEXT NOT NULL DEFAULT '', -- of the closed file, lower-case hex; '' = not (yet) known
  object           TEXT NOT NULL DEFAULT '', -- its name in stores, below their prefix (object_names.h); '' = it has none
  keyframes        INTEGER,          -- of its video; NULL = not known, as the next ones
  longest_gop_ns   INTEGER,          -- most video from a keyframe to the next one or the end
  audio_start_ns   INTEGER,          -- so much after its video its audio begins; NULL = it has not both
  audio_end_ns     INTEGER,          -- and so much after it ends
  expired          INTEGER NOT NULL DEFAULT 0 -- 1 = its format's time is over: it is gone, or going, everywhere (of a
                                              -- playlist: the segments, too), while the recording stays
);
CREATE INDEX file_of_recording ON file (recording_id);
CREATE INDEX file_part ON file (recording_id) WHERE part <> 0;
CREATE INDEX file_by_path ON file (path) WHERE path <> '';
CREATE INDEX file_by_object ON file (object) WHERE object <> '';
CREATE INDEX file_open ON file (state) WHERE state = 'open';

-- An HLS segment that is complete and listed, or (duration 0) the initialisation section that it brings.
CREATE TABLE segment (
  id            INTEGER PRIMARY KEY,
  recording_id  INTEGER NOT NULL REFERENCES recording (id),
  path          TEXT NOT NULL,
  uri           TEXT NOT NULL,     -- as the playlist names it
  sequence      INTEGER NOT NULL,  -- media sequence number
  started_us    INTEGER NOT NULL,
  duration_ns   INTEGER NOT NULL,
  size_bytes    INTEGER NOT NULL,
  discontinuity INTEGER NOT NULL,  -- 1 = #EXT-X-DISCONTINUITY stands before it
  sha256        TEXT NOT NULL DEFAULT '',  -- lower-case hex; '' = not (yet) known
  object        TEXT NOT NULL DEFAULT '',  -- as file.object
  keyframes      INTEGER,                  -- as in file, and so the next ones
  longest_gop_ns INTEGER,
  audio_start_ns INTEGER,
  audio_end_ns   INTEGER,
  UNIQUE (recording_id, path)
);
CREATE INDEX segment_by_path ON segment (path);
CREATE INDEX segment_by_time ON segment (recording_id, started_us);
CREATE INDEX segment_by_object ON segment (object) WHERE object <> '';

-- How a recording goes: sums that are kept while it is recorded (catalogue_progress.h). No row = nothing was
-- counted, or it is older than this table.
CREATE TABLE progress (
  recording_id  INTEGER PRIMARY KEY REFERENCES recording (id),
  video_frames  INTEGER NOT NULL DEFAULT 0,  -- that came
  audio_frames  INTEGER NOT NULL DEFAULT 0,  -- that came, on all tracks
  media_bytes   INTEGER NOT NULL DEFAULT 0,  -- of these frames, without what containers add
  last_media_us INTEGER,                     -- the last of them came; NULL = not known
  segments      INTEGER NOT NULL DEFAULT 0,  -- complete
  stored_bytes  INTEGER NOT NULL DEFAULT 0,  -- of complete segments and files; of parts of a file when they are one
  media_ns      INTEGER NOT NULL DEFAULT 0,  -- in complete segments
  until_us      INTEGER                      -- end of the last complete segment; NULL = there is none
);

-- Frames that came and were not stored.
CREATE TABLE frame_drop (
  recording_id INTEGER NOT NULL REFERENCES recording (id),
  format       TEXT NOT NULL,     -- that left them out, as file.format; '' = before any format got them
  reason       TEXT NOT NULL,     -- 'before-keyframe'...; 'repeated' = they had been recorded before: no loss
  frames       INTEGER NOT NULL,
  PRIMARY KEY (recording_id, format, reason)
) WITHOUT ROWID;

-- Times between segments in which a recording has no media.
CREATE TABLE gap_sum (
  recording_id INTEGER NOT NULL REFERENCES recording (id),
  reason       TEXT NOT NULL,     -- as in timelines (recording_timeline.h)
  gaps         INTEGER NOT NULL,
  length_us    INTEGER NOT NULL,
  PRIMARY KEY (recording_id, reason)
) WITHOUT ROWID;

-- What is to be done with a recording or one of its files, as its template asked (recording_jobs.h).
CREATE TABLE job (
  id              INTEGER PRIMARY KEY,
  recording_id    INTEGER NOT NULL REFERENCES recording (id),
  kind            TEXT NOT NULL,             -- 'merge', or 'process' = a job of the configuration is run
  format          TEXT NOT NULL,             -- of the files that it works on, as file.format
  next_attempt_us INTEGER NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0, -- that failed
  lease           TEXT NOT NULL DEFAULT '',  -- owner lease of who is at it; '' = nobody
  last_error      TEXT NOT NULL DEFAULT '',  -- one line
  done_us         INTEGER,                   -- NULL while it is to be done; with last_error: it was given up
  result_id       INTEGER REFERENCES recording (id), -- what came of it; NULL = nothing (yet)
  name            TEXT NOT NULL DEFAULT '',  -- of what is run, in the configuration; '' = merge
  file_id         INTEGER REFERENCES file (id), -- that it is run on; NULL = merge
  session_id      TEXT NOT NULL DEFAULT '',  -- of its result, and in the names of its folders; '' = not tried yet
  log             TEXT NOT NULL DEFAULT '',  -- last of what it said in its last attempt
  begun_us        INTEGER                    -- its last attempt; NULL = none yet
);
CREATE INDEX job_owed ON job (kind, name, next_attempt_us) WHERE done_us IS NULL;
CREATE INDEX job_of_file ON job (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX job_given_up ON job (id) WHERE done_us IS NOT NULL AND last_error <> '';
CREATE INDEX job_of_recording ON job (recording_id);
CREATE INDEX job_with_result ON job (result_id) WHERE result_id IS NOT NULL;

-- Jobs of the configuration that are to be run on files of a recording, as its template said when it began.
CREATE TABLE recording_process (
  recording_id INTEGER NOT NULL REFERENCES recording (id),
  position     INTEGER NOT NULL,  -- from 0
  format       TEXT NOT NULL,     -- of the files, as file.format
  name         TEXT NOT NULL,     -- of the job
  merged       INTEGER NOT NULL,  -- 1 = on what the files are merged into, 0 = on each of them
  PRIMARY KEY (recording_id, position)
) WITHOUT ROWID;

-- Transactional outbox: written with the row that causes it, so that nothing is announced that is not there
-- and nothing that is there stays unannounced. Delivery is at least once.
CREATE TABLE outbox (
  id              INTEGER PRIMARY KEY,
  event_id        TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),  -- same in every attempt
  kind            TEXT NOT NULL CHECK (kind IN ('upload', 'callback')),
  target          TEXT NOT NULL,                      -- store or callback, name in the configuration
  recording_id    INTEGER NOT NULL REFERENCES recording (id),
  file_id         INTEGER REFERENCES file (id),       -- of a file; NULL for others
  segment_id      INTEGER REFERENCES segment (id),    -- of a segment; NULL for others
  waits_for       TEXT NOT NULL CHECK (waits_for IN ('nothing', 'upload', 'segments')),
                                                      -- 'upload' = that of file_id; 'segments' = those of the
                                                      -- recording's segments since its last playlist
  created_us      INTEGER NOT NULL,
  next_attempt_us INTEGER NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0,         -- that failed
  lease           TEXT NOT NULL DEFAULT '',           -- owner lease of who is at it; '' = nobody
  last_error      TEXT NOT NULL DEFAULT '',           -- one line, no secrets
  done_us         INTEGER,                            -- NULL while it is owed
  url             TEXT NOT NULL DEFAULT '',           -- upload: where it went
  upload_id       TEXT NOT NULL DEFAULT '',           -- upload in parts that is under way: the store's name for it
  path            TEXT NOT NULL DEFAULT '',           -- upload: of what is neither a file nor a segment (a manifest)
  backfill        INTEGER NOT NULL DEFAULT 0,         -- 1 = the other store has it: comes after what is waited for
  event           TEXT NOT NULL DEFAULT 'file-finished',  -- callback: what is told (core/model/recording_event.h)
  sequence        INTEGER NOT NULL DEFAULT 0,         -- callback: number among what its recording tells this target,
                                                      -- from 1
  detail          TEXT NOT NULL DEFAULT '',           -- callback: what there is to tell beside that; a JSON object
  holds           INTEGER NOT NULL DEFAULT 1,         -- callback: 1 = later ones of the recording to the same target
                                                      -- wait until it is done
  running         INTEGER NOT NULL DEFAULT 0          -- upload: 1 = of a playlist that is still recorded (path), again
                                                      -- and again: its beginning that names what is there
);
CREATE INDEX outbox_owed ON outbox (kind, target, backfill, next_attempt_us) WHERE done_us IS NULL;
CREATE INDEX outbox_owed_of_recording ON outbox (recording_id) WHERE done_us IS NULL;
CREATE INDEX outbox_of_recording ON outbox (recording_id, kind, event);
CREATE INDEX outbox_of_file ON outbox (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX outbox_of_segment ON outbox (segment_id) WHERE segment_id IS NOT NULL;
CREATE INDEX outbox_order ON outbox (recording_id, target, id) WHERE kind = 'callback' AND done_us IS NULL;
CREATE INDEX outbox_running ON outbox (recording_id) WHERE running = 1;
CREATE INDEX outbox_playlist ON outbox (recording_id, id) WHERE waits_for = 'segments';
CREATE INDEX outbox_leased ON outbox (lease) WHERE lease <> '';

-- How a store does, as far as uploads have told. No row = none has ended yet.
CREATE TABLE store_state (
  store            TEXT PRIMARY KEY,            -- name in the configuration
  succeeded_us     INTEGER,                     -- last upload that succeeded
  failing_since_us INTEGER,                     -- first attempt that failed since then; NULL = none has
  failed           INTEGER NOT NULL DEFAULT 0,  -- attempts that failed since then
  next_probe_us    INTEGER,                     -- in an outage: when one upload is tried again
  down_us          INTEGER                      -- the outage was stated; NULL = there is none
) WITHOUT ROWID;

-- What happened between primary and backup stores.
CREATE TABLE store_journal (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: readers remember the last one
  at_us        INTEGER NOT NULL,
  event        TEXT NOT NULL CHECK (event IN ('outage', 'back', 'failed-over', 'returned', 'back-filled')),
  store        TEXT NOT NULL,                      -- that failed or is back; of a recording its primary
  backup       TEXT NOT NULL DEFAULT '',           -- of a recording: its backup store
  recording_id INTEGER REFERENCES recording (id)   -- NULL = the store itself
);
CREATE INDEX store_journal_of_recording ON store_journal (recording_id) WHERE recording_id IS NOT NULL;

-- A file that goes up to its store while it grows, until that is complete or what there is of it is aborted.
CREATE TABLE growing_upload (
  file_id         INTEGER PRIMARY KEY,        -- also when that row is gone: then it is to be aborted
  target          TEXT NOT NULL,              -- store, name in the configuration
  key             TEXT NOT NULL DEFAULT '',   -- of the object that it becomes; '' = not begun
  upload_id       TEXT NOT NULL DEFAULT '',   -- the store's name for it; '' = not known
  repaired        INTEGER NOT NULL DEFAULT 0, -- 1 = the file may have changed since its parts were sent
  lease           TEXT NOT NULL DEFAULT '',   -- owner lease of who is at it; '' = nobody
  next_attempt_us INTEGER NOT NULL DEFAULT 0,
  attempts        INTEGER NOT NULL DEFAULT 0  -- that failed, since one succeeded
);
CREATE INDEX growing_upload_of_store ON growing_upload (target, key);

-- What has been sent of it.
CREATE TABLE grown_part (
  file_id INTEGER NOT NULL,
  number  INTEGER NOT NULL,  -- from 1
  etag    TEXT NOT NULL,     -- the store's name for it, without quotes
  PRIMARY KEY (file_id, number)
) WITHOUT ROWID;

-- The log of attempts to deliver: the newest ones (catalogue_deliveries.h says how many). Segments that went up
-- at once are not in it.
CREATE TABLE delivery (
  id           INTEGER PRIMARY KEY,
  owed_id      INTEGER NOT NULL,  -- row of the outbox
  recording_id INTEGER NOT NULL,
  kind         TEXT NOT NULL,     -- 'upload', 'callback'
  target       TEXT NOT NULL,     -- store or callback that was tried
  at_us        INTEGER NOT NULL,  -- when it had ended
  attempt      INTEGER NOT NULL,  -- from 1
  http_status  INTEGER NOT NULL,  -- callback: what the receiver answered; 0 = it did not
  error        TEXT NOT NULL      -- why it failed, one line, no secrets; '' = delivered
);
CREATE INDEX delivery_of_recording ON delivery (recording_id);

-- A window of time in which a stream is recorded whatever the rules say about it.
CREATE TABLE task (
  id         INTEGER PRIMARY KEY,
  task_id    TEXT NOT NULL UNIQUE,  -- 64-bit decimal, told to people and callbacks
  domain     TEXT NOT NULL,         -- upper and lower case are the same
  app        TEXT NOT NULL,
  stream     TEXT NOT NULL,
  template   TEXT NOT NULL,         -- name in the configuration; '' or one that is not there = HLS
  start_us   INTEGER NOT NULL,
  end_us     INTEGER NOT NULL,      -- > start_us
  created_us INTEGER NOT NULL,
  stopped_us INTEGER,               -- ended early; NULL = not
  deleted_us INTEGER                -- goes on only where it runs already; NULL = not
);
CREATE INDEX task_by_end ON task (end_us);
CREATE INDEX task_by_stream ON task (stream);

-- What somebody asks of the process that receives a stream.
CREATE TABLE command (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: who asked may still look
  owner      TEXT NOT NULL,     -- lease of that process
  domain     TEXT NOT NULL,
  app        TEXT NOT NULL,
  stream     TEXT NOT NULL,
  verb       TEXT NOT NULL CHECK (verb IN ('start', 'stop', 'restart', 'cancel-delay')),
  state      TEXT NOT NULL CHECK (state IN ('asked', 'taken', 'done', 'refused', 'withdrawn')),
  error      TEXT NOT NULL DEFAULT '',  -- why it was refused; one line, no secrets
  created_us INTEGER NOT NULL
);
CREATE INDEX command_asked ON command (owner) WHERE state = 'asked';
