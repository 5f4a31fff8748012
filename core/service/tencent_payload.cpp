// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/tencent_payload.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "core/base/digest.h"
#include "core/io/json.h"
#include "core/model/object_key.h"
#include "core/model/recording_template.h"
#include "core/service/catalogue_events.h"

namespace rec {
namespace {

constexpr Seconds kValidity{600};

Seconds whole_seconds(UtcTime t) { return std::chrono::floor<Seconds>(t.time_since_epoch()); }
std::int64_t micros(UtcTime t) { return (t.time_since_epoch() - whole_seconds(t)).count(); }

std::string callback_ext(const Owed &owed, const ClosedFile &facts) {
  JsonObjectWriter ext;
  ext.text("video_codec", facts.video_codec);
  if (facts.width > 0)
    ext.text("resolution", std::to_string(facts.width) + "x" + std::to_string(facts.height));
  ext.text("session_id", owed.recording.session_id);
  return ext.to_string();
}

int number_of(Format format) {
  switch (format) {
    case Format::flv:
      return 1;
    case Format::hls:
      return 2;
    case Format::mp4:
      return 3;
    case Format::aac:
      return 4;
    case Format::mp3:
      return 5;
    case Format::other:
      break;
  }
  return 0;  // the cloud has no such
}

const char *tencent_name_of(Format format) {
  switch (format) {
    case Format::flv:
      return "FLV";
    case Format::hls:
      return "TS";
    case Format::mp4:
      return "MP4";
    case Format::aac:
      return "AAC";
    case Format::mp3:
      return "MP3";
    case Format::other:
      break;
  }
  return "";
}

std::vector<Format> formats_of(const Recording &recording) {
  const auto formats = parse_formats(recording.formats);
  return formats && !formats->empty() ? *formats : std::vector<Format>{Format::hls};
}

const char *record_event(RecordingEvent event) {
  switch (event) {
    case RecordingEvent::recording_started:
      return "record_start_succeeded";
    case RecordingEvent::recording_paused:
      return "record_paused";
    case RecordingEvent::recording_resumed:
      return "record_resumed";
    case RecordingEvent::recording_finished:
      return "record_ended";
    default:
      return "record_error";
  }
}

std::string record_detail(const Recording &recording) {
  const Content content = content_named(recording.content).value_or(Content{});
  std::int64_t transcoding = 0;
  std::from_chars(content.id.data(), content.id.data() + content.id.size(), transcoding);
  JsonObjectWriter detail;
  detail.number("file_format", number_of(formats_of(recording).front()))
      .number("record_bps", 0)
      .number("start_model", recording.task.empty() ? 1 : 5)
      .number("record_content", static_cast<std::int64_t>(content.kind) + 1)
      .number("source_type", 1)
      .number("codec_temp_id", transcoding);
  return detail.to_string();
}

std::string sealed(JsonObjectWriter body, std::string_view key, UtcTime now) {
  const Seconds t = whole_seconds(now) + kValidity;
  if (!key.empty()) body.text("sign", tencent_sign(key, t));
  body.number("t", t.count());
  return body.to_string();
}

JsonObjectWriter status_body(const Owed &owed) {
  const Recording &recording = owed.recording;
  JsonObjectWriter body;
  body.number("appid", 0)
      .text("appname", recording.push.app)
      .text("domain", recording.push.domain)
      .number("event_time", whole_seconds(owed.happened).count())
      .number("event_type", 332)
      .text("record_detail", record_detail(recording))
      .text("record_event", record_event(owed.event))
      .text("seq", std::to_string(owed.sequence))
      .text("session_id", recording.session_id)
      .text("stream_id", recording.push.stream);
  if (!recording.task.empty()) body.text("task_id", recording.task);
  return body;
}

JsonObjectWriter exception_body(const Owed &owed) {
  const RecordingException exception = exception_in(owed.detail).value_or(RecordingException{});
  const auto formats = formats_of(owed.recording);
  const Format format = exception.format.value_or(formats.back());
  JsonObjectWriter what;
  what.number("type", static_cast<std::int64_t>(exception.report.type))
      .number("occurs", exception.report.occurs)
      .text("desc", exception.report.description);
  JsonObjectWriter body;
  body.number("event_type", 341)
      .number("appid", 0)
      .text("stream_id", owed.recording.push.stream)
      .text("session_id", owed.recording.session_id)
      .text("file_format", tencent_name_of(format))
      .number("timestamp", whole_seconds(owed.happened).count())
      .text("exception_level", level_of(exception.report.type))
      .object("exception", std::move(what))
      .text("interface", "general_callback");
  return body;
}

}  // namespace

std::string tencent_sign(std::string_view key, Seconds t) {
  return hex_digest(Hash::md5, std::string(key) + std::to_string(t.count()));
}

std::string tencent_payload(const Owed &owed, std::string_view key, UtcTime now) {
  if (owed.event == RecordingEvent::exception) return sealed(exception_body(owed), key, now);
  if (owed.event != RecordingEvent::file_finished) return sealed(status_body(owed), key, now);
  const StoredFile file = owed.file.value_or(StoredFile{});
  const ClosedFile &facts = file.facts;
  const UtcTime started = std::min(facts.started, facts.ended);  // spec 0.2 C13
  const PushIdentity &push = owed.recording.push;
  JsonObjectWriter body;
  body.number("event_type", 100)
      .number("appid", 0)
      .text("app", push.domain)
      .text("appname", push.app)
      .text("stream_id", push.stream)
      .text("channel_id", push.stream)
      .text("file_id", "")
      .text("record_file_id", "")
      .text("record_temp_id", owed.recording.template_name)
      .text("file_format", name_of(file.format))
      .text("task_id", owed.recording.task)
      .number("start_time", whole_seconds(started).count())
      .number("end_time", whole_seconds(facts.ended).count())
      .number("start_time_usec", micros(started))
      .number("end_time_usec", micros(facts.ended))
      .number("duration", std::chrono::round<Seconds>(facts.duration).count())
      .number("file_size", static_cast<std::int64_t>(facts.size_bytes));
  if (owed.recording.task.empty()) body.text("stream_param", push.stream_param);
  body.text("video_url", owed.url.empty() ? "file://" + percent_encode(facts.path, true) : owed.url)
      .number("media_start_time", std::chrono::floor<Milliseconds>(facts.media_start).count())
      .number("record_bps", 0)
      .text("callback_ext", callback_ext(owed, facts));
  return sealed(std::move(body), key, now);
}

}  // namespace rec
