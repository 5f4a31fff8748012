// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr Seconds kLongestRefresh{600};
constexpr Seconds kLongestCycle{43200};  // spec 0.2 C1
constexpr Seconds kLongestSegment{60};
constexpr Seconds kLongestRecording = std::chrono::days(31);
constexpr Seconds kLongestSplice{21600};  // spec 3.1: the longest of both clouds

Nanoseconds read_splice_timeout(ConfigNotes &notes, const Field &field) {
  return read_duration(notes.problems, field, Seconds(0), kLongestSplice).value_or(Seconds(0));
}

// Segments are named when they begin, and their number keeps them apart.
std::string read_segment_pattern(ConfigNotes &notes, const Field &field) {
  std::string pattern = read_pattern(notes, field, "{UnixTimestamp}_{Sequence}");
  if (pattern.empty()) return {};
  if (pattern.find("{End") == std::string::npos && pattern.find("{EscapedEnd") == std::string::npos)
    return pattern;
  notes.problems.expected(field.value.at, field.path, "a name that is complete when a segment begins",
                          describe(field.value));
  return {};
}

HlsFormat read_hls(ConfigNotes &notes, const Field &field, const Configuration &defined) {
  HlsFormat hls;
  ObjectReader reader(notes.problems, field);
  if (const auto segment = reader.take("segment"))
    hls.segment = read_duration(notes.problems, *segment, Seconds(1), kLongestSegment).value_or(hls.segment);
  if (const auto format = reader.take("segment-format")) {
    const auto word = read_word(notes.problems, *format, {"ts", "cmaf"});
    if (word) hls.segment_format = segment_format_named(*word).value_or(hls.segment_format);
  }
  if (const auto splice = reader.take("splice-timeout"))
    hls.splice_timeout = read_splice_timeout(notes, *splice);
  if (const auto cycle = reader.take("cycle")) {
    hls.cycle = read_duration(notes.problems, *cycle, Seconds(1), kLongestCycle).value_or(Seconds(0));
  }
  if (const auto refresh = reader.take("playlist-refresh"))
    hls.playlist_refresh =
        read_duration(notes.problems, *refresh, Seconds(1), kLongestRefresh).value_or(Seconds(0));
  hls.options = read_format_options(notes, reader, true, defined);
  if (const auto name = reader.take("segment-name")) {
    hls.segment_pattern = read_segment_pattern(notes, *name);
  }
  reader.finish();
  return hls;
}

FileFormat read_file_format(ConfigNotes &notes, Format format, const Field &field,
                            const Configuration &defined) {
  FileFormat file;
  file.format = format;
  ObjectReader reader(notes.problems, field);
  if (const auto cycle = reader.take("cycle")) {
    const auto duration = read_duration(notes.problems, *cycle, Seconds(1), kLongestCycle);
    if (duration) file.cycle = *duration;
  }
  if (format == Format::flv || format == Format::mp4) {
    if (const auto splice = reader.take("splice-timeout"))
      file.splice_timeout = read_splice_timeout(notes, *splice);
  }
  if (const auto upload = reader.take("upload"))
    file.upload_while_recording =
        read_word(notes.problems, *upload, {"when-closed", "while-recording"}) != "when-closed";
  file.options = read_format_options(notes, reader, false, defined);
  reader.finish();
  return file;
}

// A recording is over for all of its formats at the same time.
void check_splice_timeouts(ConfigNotes &notes, const Field &field, const RecordingTemplate &t) {
  const Nanoseconds longest = t.splice_timeout();
  bool alike = !t.hls || t.hls->splice_timeout == longest;
  for (const FileFormat &file : t.files)
    alike = alike && (file.splice_timeout == longest || file.splice_timeout == Nanoseconds(0));
  if (!alike)
    notes.problems.expected(field.value.at, field.path,
                            "the same splice-timeout for hls and for every other format that has one",
                            "different ones");
}

void read_formats(ConfigNotes &notes, const Field &field, RecordingTemplate &t,
                  const Configuration &defined) {
  ObjectReader reader(notes.problems, field);
  for (const JsonMember &member : reader.members()) {
    const auto format = format_named(member.name);
    if (!format) continue;
    const Field value = reader.field(member);
    if (format == Format::hls)
      t.hls = read_hls(notes, value, defined);
    else
      t.files.push_back(read_file_format(notes, *format, value, defined));
  }
  for (const Format format : kAllFormats) reader.take(name_of(format));
  reader.finish();
  check_splice_timeouts(notes, field, t);
}

void read_zone(ConfigNotes &notes, const Field &field, RecordingTemplate &t) {
  static const std::string kWhat = "a time zone like \"UTC\", \"UTC+8\" or \"Asia/Shanghai\"";
  const auto zone = read_text(notes.problems, field, kWhat);
  if (!zone) return;
  if (utc_offset_of(*zone, UtcTime{}))
    t.time_zone = *zone;
  else
    notes.problems.expected(field.value.at, field.path, kWhat, describe(field.value));
}

void read_name(ConfigNotes &notes, const Field &field, RecordingTemplate &t) {
  const std::string pattern = read_pattern(notes, field, t.pattern);
  if (pattern.empty()) return;
  t.pattern = pattern;
  if (t.hls && t.hls->options.pattern.empty()) check_playlist_name(notes, field, pattern);
}

void read_storage(ConfigNotes &notes, const Field &field, RecordingTemplate &t,
                  const Configuration &defined) {
  ObjectReader reader(notes.problems, field);
  if (const auto primary = reader.need("primary", "the name of a store"))
    t.store = read_reference(notes, *primary, defined.stores, "store");
  if (const auto backup = reader.take("backup")) {
    t.backup_store = read_reference(notes, *backup, defined.stores, "store");
    if (!t.backup_store.empty() && t.backup_store == t.store)
      notes.problems.expected(backup->value.at, backup->path, "another store than the primary one",
                              describe(backup->value));
  }
  if (const auto suffices = reader.take("backup-suffices")) {
    t.local_copies.backup_suffices = read_flag(notes.problems, *suffices).value_or(false);
    if (t.backup_store.empty())
      notes.problems.expected(suffices->at, suffices->path, "a backup beside it", "none");
  }
  reader.finish();
}

void read_callback_names(ConfigNotes &notes, const Field &field, RecordingTemplate &t,
                         const Configuration &defined) {
  for (const Field &element : read_list(notes.problems, field, "an array of names of callbacks")) {
    const std::string name = read_reference(notes, element, defined.callbacks, "callback");
    if (name.empty()) continue;
    if (std::find(t.callbacks.begin(), t.callbacks.end(), name) != t.callbacks.end())
      notes.problems.expected(element.value.at, element.path, "every callback once", describe(element.value));
    t.callbacks.push_back(name);
    const auto target = defined.callbacks.find(name);
    if (target != defined.callbacks.end()) t.callback_events[name] = target->second.events;
  }
}

}  // namespace

RecordingTemplate read_template(ConfigNotes &notes, const Field &field, const std::string &name,
                                const Configuration &defined) {
  RecordingTemplate t;
  t.name = name;
  ObjectReader reader(notes.problems, field);
  if (const auto formats = reader.need("formats", "an object with the formats to be recorded ({} for none)"))
    read_formats(notes, *formats, t, defined);
  if (const auto content = reader.take("content")) t.content = read_content(notes, *content);
  if (const auto standby = reader.take("standby"))
    t.standby = read_flag(notes.problems, *standby).value_or(false);
  if (const auto after = reader.take("restart-after"))
    t.restart_after =
        read_duration(notes.problems, *after, Seconds(1), kLongestRecording).value_or(Seconds(0));
  if (const auto trigger = reader.take("trigger")) t.trigger = read_trigger(notes, *trigger);
  if (const auto zone = reader.take("time-zone")) read_zone(notes, *zone, t);
  if (const auto pattern = reader.take("name")) read_name(notes, *pattern, t);
  if (const auto storage = reader.take("storage")) read_storage(notes, *storage, t, defined);
  if (const auto keep = reader.take("keep-local")) {
    t.local_copies.is_own = true;
    t.local_copies.keep_local = read_keep_local(notes, *keep);
  }
  if (const auto retention = reader.take("retention")) read_retention_policy(notes, *retention, t);
  if (const auto callbacks = reader.take("callbacks")) read_callback_names(notes, *callbacks, t, defined);
  reader.finish();
  return t;
}

}  // namespace rec
