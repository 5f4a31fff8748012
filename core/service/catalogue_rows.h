// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/format.h"
#include "core/model/media_spread.h"
#include "core/model/push.h"
#include "core/model/recording_event.h"
#include "core/model/stored_playlist.h"

namespace rec {

enum class RecordingState {
  recording,  // a push is being stored
  paused,     // the push ended; whoever claims it before resume_until continues it
  finished,   // final
};

// What a recording was made of.
enum class RecordingSource {
  push,   // a live stream
  clip,   // a range of other recordings
  merge,  // other recordings or their files, whole, one after the other
  job,    // the result of post-processing another recording
};

enum class Removal {
  none,       // it is there
  under_way,  // its files are being deleted
  done,       // they are gone; what the catalogue knows of it is kept
};

// One logical result of one template: the files and segments of a push and of the pushes that continued it.
struct Recording {
  std::int64_t id = 0;
  std::string session_id;     // 64-bit decimal, stable over a splice
  PushIdentity push;          // stream_param is that of the last push
  std::string template_name;  // of the configuration
  RecordingState state = RecordingState::recording;
  std::string owner;  // OwnerLease id of who works on it (after the end: who did); "" = nobody
  std::optional<UtcTime> resume_until;  // set while paused; the epoch = somebody is finishing it
  Nanoseconds splice_timeout{0};        // 0 = a push's end is the end
  UtcTime started;
  UtcTime active;                      // last sign of life: a file or segment opened or closed, a pause
  std::optional<UtcTime> ended;        // set when finished
  std::string playlist_path;           // absolute; "" = no HLS
  std::string directory;               // absolute spool root: an object key is a path relative to it
  std::string store;                   // name in the configuration; "" = files stay where they are
  std::vector<std::string> callbacks;  // names in the configuration
  std::string task;                    // RecordingTask that it is made for; "" = by rule
  std::string content = "origin";      // name_of(Content)
  std::string backup_store;            // name in the configuration; "" = none
  bool in_backup = false;              // `store` has failed: uploads are owed to both, the first counts
  std::string formats;                 // of the template: "hls+flv"; "" = not known
  RecordingSource source = RecordingSource::push;
  bool hold = false;               // legal hold: nothing of it is deleted
  std::optional<UtcTime> expires;  // its files are deleted then; nothing = never, or not finished
  Removal removal = Removal::none;
  // In stores its playlists and segments lie in a folder of their own, which is called like the session and
  // is where the playlist would be: another recording has their names.
  bool playlist_apart = false;
  std::string
      expired_formats;  // "flv+mp4": their own time is over, they are gone or going, while others stay
  std::string quality;  // what the check at its end found, a JSON object; "" = not checked
};

// Something that is to be done with a recording when it is finished, or with its files (recording_jobs.h).
struct NewJob {
  // "merge"; "process" = a job of the configuration is run on each file, or "process-merged" = on what they
  // are merged into.
  std::string kind;
  std::string format;     // of the files that it works on: name_of(Format)
  std::string name = {};  // of the job of the configuration
};

struct NewRecording {
  std::string session_id;  // random_decimal_id()
  PushIdentity push;
  std::string template_name;
  std::string owner;
  Nanoseconds splice_timeout{0};
  UtcTime started;
  std::string playlist_path;  // may be told later, see Catalogue::set_playlist_path
  std::string directory;
  std::string store;
  std::vector<std::string> callbacks;
  std::map<std::string, RecordingEvents> events;  // that callbacks get; who is not named gets finished files
  std::string task;
  std::string content = "origin";  // name_of(Content)
  std::string backup_store;        // where what `store` does not take goes meanwhile; "" = nowhere
  std::string formats;             // of the template: "hls+flv"
  RecordingSource source = RecordingSource::push;
  Nanoseconds playlist_refresh{0};  // how often the store gets the playlist meanwhile; 0 = at its end only
  std::vector<NewJob> jobs = {};    // with its files
  std::optional<Seconds> retention =
      std::nullopt;  // of its files, instead of what its template says; 0 = for ever
};

// A file that has begun to grow.
struct OpenedFile {
  std::int64_t recording_id = 0;
  Format format = Format::flv;
  std::string temp_path;         // absolute; the key that closes it
  std::string location_pattern;  // absolute final path in which only {End*} placeholders are left
  Seconds utc_offset{0};         // of the time zone in which {End*} are written
  std::uint32_t fragment_id = 0;
  UtcTime started;
  std::optional<std::int64_t> push_id;  // that brings it
  bool may_be_continued = false;        // after an interruption: see Catalogue::close_file
  bool goes_up_early = false;           // while it grows, if the recording has a store
};

// What a complete file holds. Zero and "" where a track is missing.
struct ClosedFile {
  std::int64_t recording_id = 0;
  std::string temp_path;  // as opened; for a playlist its path
  std::string path;       // absolute, final
  UtcTime started;        // start <= end
  UtcTime ended;
  Nanoseconds duration{0};  // of the media
  std::uint64_t size_bytes = 0;
  std::string video_codec;  // "h264", "h265", ""
  std::uint32_t width = 0;  // pixels
  std::uint32_t height = 0;
  std::string audio_codec;  // "aac", ""
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
  Nanoseconds media_start{0};              // PTS of the first frame as it came
  bool repaired = false;                   // what was written of it before may have changed
  std::optional<MediaSpread> spread = {};  // nothing: it is not known
};

enum class FileState {
  open,
  closed,
  failed,
  expired,  // it was closed; its format's time is over, and it is gone or going, while its recording stays
};

enum class PartState {
  free,   // stands for itself
  waits,  // may become a part of a longer file: nothing is owed for it yet
  whole,  // is being made of parts
};

// A row of the file table.
struct StoredFile {
  std::int64_t id = 0;
  Format format = Format::flv;
  FileState state = FileState::open;
  std::string location_pattern;
  Seconds utc_offset{0};
  std::uint32_t fragment_id = 0;
  ClosedFile facts;   // while open only recording_id, temp_path and started are set
  std::string error;  // why it failed
  std::string url;    // where it was uploaded to; "" = not (yet)
  std::optional<std::int64_t> push_id;
  PartState part = PartState::free;
  std::optional<std::int64_t> joined_into;  // file that has, or will have, what this part holds
  std::string stored_in;                    // store that `url` is in
  std::optional<UtcTime> removed;           // the local copy was deleted
  std::string object;                       // its name in stores, below their prefix; "" = it has none (yet)
};

// An HLS segment that is complete and listed.
struct NewSegment {
  std::int64_t recording_id = 0;
  std::string path;  // absolute
  std::string uri;   // as the playlist names it
  std::uint64_t sequence = 0;
  UtcTime started;
  Nanoseconds duration{0};
  std::uint64_t size_bytes = 0;
  bool discontinuity = false;              // #EXT-X-DISCONTINUITY stands before it
  std::optional<MediaSpread> spread = {};  // nothing: it has no video, or it is not known
};

enum class OwedKind { upload, callback };

// Whom something is owed to: a store or a callback of the configuration.
struct OwedTarget {
  OwedKind kind = OwedKind::upload;
  std::string name;
  auto operator<=>(const OwedTarget &) const = default;
};

// What has gone up of a file while it grew.
struct GrownUpload {
  std::string key;                             // of the object that it becomes; "" = it was not begun
  std::string upload_id;                       // "" = nobody knows
  std::map<unsigned, std::string> parts = {};  // that are the file's for certain: number -> ETag
};

// One thing that is owed to one target, taken on a lease.
struct Owed {
  std::int64_t id = 0;
  OwedTarget target;
  std::string event_id;  // stable over all attempts
  // Callbacks only: what is told, its number among what its recording tells this target (from 1), when it
  // happened, and what there is to tell beside that (catalogue_events.h).
  RecordingEvent event = RecordingEvent::file_finished;
  std::int64_t sequence = 0;
  UtcTime happened;
  std::string detail;
  int attempts = 0;          // that failed so far
  std::string upload_id;     // of an upload in parts that is under way; "" = none
  std::string path;          // upload: the local file. callback: the file that is announced
  std::string object;        // its name in stores, below their prefix; "" = no name is left for it
  std::string sha256;        // upload: of its bytes, lower-case hex; "" = not known
  std::string backup_url;    // upload, with is_backfill: where the backup store has it
  std::string url;           // callback: where that file was uploaded to; "" = only in the spool
  bool is_backfill = false;  // upload: the backup store has it already
  Recording recording;
  std::vector<std::string> derived_from = {};  // sessions that the recording is made of, in their order
  std::optional<StoredFile> file;              // absent for a segment
  std::optional<StoredSegments> running = {};  // upload of a playlist that is still recorded: its beginning
  std::optional<GrownUpload> grown;            // upload of a file that went up to this target while it grew
};

// What there is to know about an attempt beside its result.
struct AttemptFacts {
  int http_status = 0;  // that a callback's receiver answered; 0 = it did not
  // It failed too often to hold up what comes later: callbacks do not wait for it any more, or, if it is an
  // upload, for the callbacks that do.
  bool lets_later_pass = false;
};

// What one recording owes to one target.
struct OwedSummary {
  OwedTarget target;
  std::uint64_t count = 0;
  std::uint64_t attempts = 0;  // most that failed for one of them
  UtcTime next_attempt;        // the earliest
  std::string last_error;      // of the one with most attempts
};

struct OwedCounts {
  std::uint64_t uploads = 0;
  std::uint64_t callbacks = 0;
  std::uint64_t failing = 0;  // of both: at least one attempt failed
};

// As the catalogue and its readers write them.
std::string_view name_of(RecordingState state);    // "recording", "paused", "finished"
std::string_view name_of(RecordingSource source);  // "push", "clip", "merge", "job"
std::string_view name_of(OwedKind kind);           // "upload", "callback"
std::string_view name_of(FileState state);         // "open", "closed", "failed"
OwedKind kind_named(std::string_view name);        // one of those

struct PushCounts {
  std::uint64_t seen = 0;
  std::uint64_t open = 0;
};

}  // namespace rec
