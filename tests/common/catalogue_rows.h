// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <utility>

#include "core/service/catalogue.h"

namespace rec::test {

inline PushIdentity a_push(std::string stream = "cam1") {
  return {.domain = "push.example.org",
          .app = "live",
          .stream = std::move(stream),
          .stream_param = "txSecret=x&txTime=y"};
}

inline NewRecording a_recording(std::string owner, std::string session_id = "1485890000000000000") {
  NewRecording r;
  r.session_id = std::move(session_id);
  r.push = a_push();
  r.template_name = "default";
  r.owner = std::move(owner);
  r.splice_timeout = Seconds(180);
  r.started = UtcTime(Seconds(1'700'000'000));
  r.directory = "/spool";
  r.store = "archive";
  r.callbacks = {"ops"};
  return r;
}

// What claims recordings of that stream.
inline NewRecording like(std::string owner, PushIdentity push, std::string template_name) {
  NewRecording r = a_recording(std::move(owner));
  r.push = std::move(push);
  r.template_name = std::move(template_name);
  return r;
}

inline OpenedFile an_open_file(std::int64_t recording_id, std::string temp_path = "/spool/.a.flv.part") {
  OpenedFile f;
  f.recording_id = recording_id;
  f.format = Format::flv;
  f.temp_path = std::move(temp_path);
  f.location_pattern = "/spool/a_{EscapedEndTime}.flv";
  f.started = UtcTime(Seconds(1'700'000'000));
  return f;
}

inline ClosedFile a_closed_file(std::int64_t recording_id, std::string temp_path = "/spool/.a.flv.part") {
  ClosedFile f;
  f.recording_id = recording_id;
  f.temp_path = std::move(temp_path);
  f.path = "/spool/a.flv";
  f.started = UtcTime(Seconds(1'700'000'000));
  f.ended = UtcTime(Seconds(1'700'000'154));
  f.duration = Seconds(154);
  f.size_bytes = 27'794'107;
  f.video_codec = "h264";
  f.width = 1280;
  f.height = 720;
  f.audio_codec = "aac";
  f.video_frames = 3850;
  f.audio_frames = 6600;
  f.media_start = Milliseconds(135'802);
  return f;
}

inline NewSegment a_segment(std::int64_t recording_id, std::uint64_t sequence) {
  const std::string name = "segment" + std::to_string(sequence) + ".ts";
  return {.recording_id = recording_id,
          .path = "/spool/" + name,
          .uri = name,
          .sequence = sequence,
          .started = UtcTime(Seconds(1'700'000'000)),
          .duration = Seconds(10),
          .size_bytes = 188 * 100,
          .discontinuity = false};
}

inline OwedTarget archive() { return {OwedKind::upload, "archive"}; }
inline OwedTarget ops() { return {OwedKind::callback, "ops"}; }

}  // namespace rec::test
