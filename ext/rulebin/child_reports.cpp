// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/child_reports.h"

#include "core/base/time_zone.h"

namespace rec {
namespace {

// A message's fields by type; zero and "" when absent.
class Fields {
 public:
  explicit Fields(const GstStructure *structure) : s_(structure) {}

  std::string text(const char *name) const {
    const char *value = gst_structure_get_string(s_, name);
    return value ? value : "";
  }
  std::uint64_t count(const char *name) const {
    guint64 value = 0;
    gst_structure_get_uint64(s_, name, &value);
    return value;
  }
  std::uint32_t number(const char *name) const {
    guint value = 0;
    gst_structure_get_uint(s_, name, &value);
    return value;
  }
  int signed_number(const char *name) const {
    gint value = 0;
    gst_structure_get_int(s_, name, &value);
    return value;
  }
  bool flag(const char *name) const {
    gboolean value = FALSE;
    gst_structure_get_boolean(s_, name, &value);
    return value;
  }
  UtcTime time(const char *name) const {
    gint64 value = 0;
    gst_structure_get_int64(s_, name, &value);
    return UtcTime(std::chrono::microseconds(value));
  }
  bool has(const char *name) const { return gst_structure_has_field(s_, name); }
  std::optional<Nanoseconds> offset(const char *name) const {
    gint64 value = 0;
    if (!gst_structure_get_int64(s_, name, &value)) return std::nullopt;
    return Nanoseconds(value);
  }
  Nanoseconds duration(const char *name) const { return Nanoseconds(static_cast<gint64>(count(name))); }

 private:
  const GstStructure *s_;  // borrowed
};

std::optional<MediaSpread> spread_in(const Fields &fields) {
  if (!fields.has("keyframes")) return std::nullopt;
  MediaSpread spread;
  spread.keyframes = fields.count("keyframes");
  spread.longest_gop = fields.duration("longest-gop");
  spread.audio_start = fields.offset("audio-start-offset");
  spread.audio_end = fields.offset("audio-end-offset");
  return spread;
}

OpenedFile opened_file(const Fields &fields, const std::string &time_zone) {
  OpenedFile file;
  file.format = format_named(fields.text("format")).value_or(Format::flv);
  file.temp_path = fields.text("temp-location");
  file.location_pattern = fields.text("location-pattern");
  file.fragment_id = fields.number("fragment-id");
  file.started = fields.time("start-time");
  const auto offset = utc_offset_of(time_zone, file.started);
  if (offset) file.utc_offset = *offset;
  return file;
}

// What files and finished playlists have in common.
ClosedFile closed_media(const Fields &fields) {
  ClosedFile file;
  file.path = fields.text("location");
  file.started = fields.time("start-time");
  file.ended = fields.time("end-time");
  file.size_bytes = fields.count("size");
  file.video_codec = fields.text("video-codec");
  file.width = fields.number("width");
  file.height = fields.number("height");
  file.audio_codec = fields.text("audio-codec");
  return file;
}

ClosedFile closed_file(const Fields &fields) {
  ClosedFile file = closed_media(fields);
  file.temp_path = fields.text("temp-location");
  file.duration = fields.duration("fragment-duration");
  file.video_frames = fields.count("video-frames");
  file.audio_frames = fields.count("audio-frames");
  file.media_start = fields.duration("media-start-time");
  file.spread = spread_in(fields);
  file.repaired = !fields.text("error").empty();  // it lacks what the disk did not take
  return file;
}

ClosedFile closed_playlist(const Fields &fields) {
  ClosedFile file = closed_media(fields);
  file.temp_path = file.path;
  file.duration = fields.duration("duration");
  return file;
}

// The initialisation section that the segment brings; without a path where it brings none.
NewSegment new_map(const Fields &fields) {
  NewSegment map;
  map.path = fields.text("map-location");
  map.uri = fields.text("map-uri");
  map.sequence = fields.count("sequence");
  map.started = fields.time("start-time");
  map.size_bytes = fields.count("map-size");
  return map;
}

NewSegment new_segment(const Fields &fields) {
  NewSegment segment;
  segment.path = fields.text("location");
  segment.uri = fields.text("uri");
  segment.sequence = fields.count("sequence");
  segment.started = fields.time("start-time");
  segment.duration = fields.duration("duration");
  segment.size_bytes = fields.count("size");
  segment.discontinuity = fields.flag("discontinuity");
  segment.spread = spread_in(fields);
  return segment;
}

std::optional<ChildReport> read_file_report(std::string_view name, const Fields &fields,
                                            const std::string &time_zone) {
  if (name == "recsink-file-opened")
    return ChildReport{"a new file",
                       [file = opened_file(fields, time_zone)](auto &s) { return s.open_file(file); }};
  if (name == "recsink-file-closed")
    return ChildReport{"a complete file",
                       [file = closed_file(fields)](auto &s) { return s.close_file(file); }};
  if (name == "recsink-file-failed")
    return ChildReport{"a failed file", [temp = fields.text("temp-location"), error = fields.text("error")](
                                            auto &s) { return s.fail_file(temp, error); }};
  if (name == "recsink-file-dropped")
    return ChildReport{"a dropped file", [temp = fields.text("temp-location"), why = fields.text("reason")](
                                             auto &s) { return s.drop_file(temp, why); }};
  return std::nullopt;
}

std::optional<ChildReport> read_playlist_report(std::string_view name, const Fields &fields) {
  const std::string location = fields.text("location");
  if (name == "splicesink-recording-started")
    return ChildReport{"a playlist", [=](auto &s) { return s.playlist_started(location); }};
  if (name == "splicesink-segment-added")
    return ChildReport{"a segment",
                       [playlist = fields.text("playlist"), map = new_map(fields),
                        segment = new_segment(fields)](auto &s) -> Status {
                         if (!map.path.empty()) REC_CHECK(s.add_map(playlist, map));
                         return s.add_segment(playlist, segment);
                       }};
  if (name == "splicesink-recording-paused")
    return ChildReport{"a paused playlist", [=](auto &s) { return s.playlist_paused(location); }};
  if (name == "splicesink-recording-finished")
    return ChildReport{"a finished playlist", [playlist = closed_playlist(fields)](auto &s) {
                         return s.playlist_finished(playlist);
                       }};
  if (name == "splicesink-recording-released")
    return ChildReport{"a playlist that another recorder continues", [=](auto &s) {
                         s.playlist_released(location);
                         return ok();
                       }};
  return std::nullopt;
}

// Of whichever recorder; the description begins with what the type means.
ChildReport exception_report(const Fields &fields, std::optional<Format> format) {
  RecordingException exception;
  exception.report.type = static_cast<ExceptionType>(fields.signed_number("type"));
  exception.report.track = fields.text("track");
  exception.report.occurs = fields.number("occurs");
  exception.report.description = fields.text("description");
  exception.format = format;
  return {"an exception", [exception](auto &s) { return s.note_exception(exception); }};
}

}  // namespace

std::optional<ChildReport> read_child_report(const GstStructure *message, const std::string &time_zone) {
  const std::string_view name = gst_structure_get_name(message);
  const Fields fields(message);
  if (name == "recsink-exception") return exception_report(fields, std::nullopt);
  if (name == "splicesink-exception") return exception_report(fields, Format::hls);
  if (name.starts_with("recsink-")) return read_file_report(name, fields, time_zone);
  return read_playlist_report(name, fields);
}

}  // namespace rec
