// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/format.h"

namespace rec {

// One single-file format of a template.
struct FileFormat {
  Format format = Format::mp4;                   // never hls
  Nanoseconds cycle = std::chrono::minutes(30);  // a new file at the first keyframe at or after it
  bool upload_while_recording = false;           // FLV only
  // How long an ended push may come back into the same file; 0 = its end is the end. FLV and MP4 only.
  Nanoseconds splice_timeout{0};
};

struct HlsFormat {
  SegmentFormat segment_format = SegmentFormat::ts;
  Seconds segment{10};            // target duration
  Nanoseconds splice_timeout{0};  // how long an ended push may come back; 0 = its end is the end
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
  std::string store;                   // primary; "" = files stay in the spool
  std::string backup_store;            // "" = none
  std::optional<Seconds> retention;    // nothing = for ever
  std::vector<std::string> callbacks;  // names of targets

  // Of all that is spliced: they are the same. 0 = nothing is.
  Nanoseconds splice_timeout() const;
  bool splices(Format format) const;

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

std::string join_formats(const std::vector<Format> &formats);  // "flv+mp4", as parse_formats() reads it

// Where a playlist lies, from a template's pattern: a folder per recording. A playlist's name is fixed when
// the recording starts, so {End...} placeholders go, with the separator before them (spec 0.2 C7).
// "a/{EscapedStartTime}_{EscapedEndTime}" -> "a/{EscapedStartTime}/playlist.m3u8". Fails when a part of the
// name consists of the end only.
Result<std::string> playlist_pattern(std::string_view pattern);

}  // namespace rec
