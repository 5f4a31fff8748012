// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/format.h"
#include "core/model/recording_event.h"
#include "core/model/retention.h"
#include "core/model/spool.h"

namespace rec {

// When a template records (spec 2).
enum class TriggerKind { automatic, ask, ingest_parameter, manual };

std::string_view name_of(TriggerKind kind);  // "automatic", "ask", "ingest-parameter", "manual"

struct Trigger {
  TriggerKind kind = TriggerKind::automatic;
  // The rest: of `ask` only, which asks an HTTP server whether to record (spec 2.2).
  std::string url;  // without user name and query; in no message all the same: people put secrets there
  Milliseconds timeout{5000};  // of one try
  Milliseconds pause{1000};    // between two
  unsigned retries = 5;        // after the first try
  bool record_on_failure = false;
  Milliseconds hold{30000};  // how much media waits for the answer at most
};

// Which version of a push is recorded (spec 3.7).
struct Content {
  enum class Kind { origin, watermarked, transcoded };
  Kind kind = Kind::origin;
  std::string id;  // of the transcoding template, transcoded only; "*" = every one there is

  bool operator==(const Content &) const = default;
};

std::string name_of(const Content &content);  // "origin", "watermarked", "transcoded:ID"
// Reads that. An id has 1 to 64 letters, digits, '_' and '-'.
std::optional<Content> content_named(std::string_view name);

inline constexpr std::size_t kMaxTranscoded = 10;  // named in one template

// How the files of one format are called and what becomes of them.
struct FormatOptions {
  std::string pattern;                           // of their names; "" = the template's
  std::optional<Seconds> retention;              // nothing = the template's
  std::string storage_class;                     // neutral: "standard", "archive"...; "" = the store's own
  std::vector<std::string> process;              // names of jobs that are run on every finished file
  bool merge = false;                            // the files of an ended recording also as one
  std::vector<std::string> process_merged = {};  // names of jobs that are run on that one
};

// One single-file format of a template.
struct FileFormat {
  Format format = Format::mp4;                   // never hls
  Nanoseconds cycle = std::chrono::minutes(30);  // a new file at the first keyframe at or after it
  bool upload_while_recording = true;            // or when the file is complete
  // How long an ended push may come back into the same file; 0 = its end is the end. FLV and MP4 only.
  Nanoseconds splice_timeout{0};
  FormatOptions options = {};
};

struct HlsFormat {
  SegmentFormat segment_format = SegmentFormat::ts;
  Seconds segment{10};              // target duration
  Nanoseconds splice_timeout{0};    // how long an ended push may come back; 0 = its end is the end
  Nanoseconds cycle{0};             // another playlist after so much media; 0 = never
  Nanoseconds playlist_refresh{0};  // how often the store gets the playlist meanwhile; 0 = at its end only
  std::string segment_pattern{};    // of the segments' names, below the playlist's folder; "" = its own
  FormatOptions options = {};
};

// What is recorded, how it is called and where it goes: one member of "templates" in the configuration
// (spec 1.1).
struct RecordingTemplate {
  std::string name;
  std::vector<FileFormat> files;  // every format at most once
  std::optional<HlsFormat> hls;
  std::string time_zone = "UTC";  // in which names are written
  std::string pattern =
      "record/{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}";  // without extension
  std::string store;         // primary; "" = files stay in the spool
  std::string backup_store;  // "" = none
  LocalCopyPolicy local_copies;
  std::optional<Seconds> retention;                        // nothing = for ever
  RetentionPolicy limits;                                  // without age
  std::vector<std::string> callbacks;                      // names of targets
  std::map<std::string, RecordingEvents> callback_events;  // that they get; not named: finished files
  Trigger trigger;
  std::vector<Content> content = {Content{}};  // each once, never empty
  bool standby = false;                        // record what is shown while the publisher is away, too
  // A recording that has lasted so long ends and another one goes on: a push without end has recordings that
  // can be checked, merged and expire. 0 = never.
  Seconds restart_after{0};

  // Of all that is spliced: they are the same. 0 = nothing is.
  Nanoseconds splice_timeout() const;
  bool splices(Format format) const;
  bool uploads_early(Format format) const;  // its files go up while they grow

  // Of the names of a format's files: its own, or the template's. Without extension.
  const std::string &pattern_of(Format format) const;

  bool records() const {
    return hls.has_value() || !files.empty();
  }  // a template without formats switches off
};

// One recorder of single files: formats that are cut together share one (one input, one timeline).
struct FileGroup {
  std::vector<Format> formats;
  Nanoseconds cycle{0};
};

// The recorders that a template needs, in the order in which its formats are written.
std::vector<FileGroup> file_recorders(const RecordingTemplate &recording_template);

// All of them, HLS first.
std::vector<Format> all_formats(const RecordingTemplate &recording_template);

std::string join_formats(const std::vector<Format> &formats);  // "flv+mp4", as parse_formats() reads it

// Where a playlist lies, from a template's pattern: a folder per recording. A playlist's name is fixed when
// the recording starts, so {End...} placeholders go, with the separator before them (spec 0.2 C7).
// "a/{EscapedStartTime}_{EscapedEndTime}" -> "a/{EscapedStartTime}/playlist.m3u8". Fails when a part of the
// name consists of the end only.
Result<std::string> playlist_pattern(std::string_view pattern);

}  // namespace rec
