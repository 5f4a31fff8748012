// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/callback_message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "core/base/digest.h"
#include "core/io/http.h"
#include "core/io/json.h"
#include "core/model/push_query.h"
#include "core/service/catalogue_events.h"
#include "core/service/recording_json.h"
#include "core/service/recording_quality.h"
#include "core/service/tencent_payload.h"

namespace rec {
namespace {

constexpr std::string_view kToldParameters =
    "callback_";  // parameters of the push URL that receivers are told

std::int64_t unix_seconds(UtcTime t) { return std::chrono::floor<Seconds>(t.time_since_epoch()).count(); }
std::int64_t unix_micros(UtcTime t) { return t.time_since_epoch().count(); }
double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Of a name that is given twice the first value. A task's callbacks tell nothing of the push.
JsonObjectWriter push_args(const Owed &owed) {
  JsonObjectWriter args;
  std::vector<std::string> told;
  if (!owed.recording.task.empty()) return args;
  for (const auto &[name, value] : query_parameters(owed.recording.push.stream_param)) {
    if (!name.starts_with(kToldParameters) || std::find(told.begin(), told.end(), name) != told.end())
      continue;
    args.text(name.c_str(), value);
    told.push_back(name);
  }
  return args;
}

// The host's name alone (spec 5.6): without the port, and an IPv6 address without its brackets.
std::string host_of(const std::string &url) {
  const auto parts = split_http_url(url);
  if (!parts) return {};
  const std::string &host = parts->host;
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

JsonObjectWriter alibaba_file(const Owed &owed, const std::string &object) {
  const ClosedFile facts = owed.file.value_or(StoredFile{}).facts;
  JsonObjectWriter body;
  add_push(body, owed.recording.push)
      .text("uri", object)
      .real("duration", seconds(facts.duration))
      .number("start_time", unix_seconds(std::min(facts.started, facts.ended)))
      .number("stop_time", unix_seconds(facts.ended))
      .object("push_args", push_args(owed));
  return body;
}

// There is no form for the other events (events_of_schema()).
JsonObjectWriter alibaba_status(const Owed &owed) {
  const bool paused = owed.event == RecordingEvent::recording_paused;
  const bool resumed = owed.event == RecordingEvent::recording_resumed;
  JsonObjectWriter body;
  add_push(body, owed.recording.push)
      .text("event", paused ? "record_paused" : (resumed ? "record_resumed" : "record_started"));
  return body;
}

CallbackMessage alibaba(const CallbackTarget &target, const CallbackKeys &keys, const Owed &owed,
                        const std::string &object, UtcTime now) {
  const bool is_file = owed.event == RecordingEvent::file_finished;
  CallbackMessage message{(is_file ? alibaba_file(owed, object) : alibaba_status(owed)).to_string(), {}};
  if (keys.current.empty()) return message;
  const std::string time = std::to_string(unix_seconds(now));
  message.headers = {
      {"ALI-LIVE-TIMESTAMP", time},
      {"ALI-LIVE-SIGNATURE", hex_digest(Hash::md5, host_of(target.url) + "|" + time + "|" + keys.current)}};
  return message;
}

std::string iso_time(UtcTime time) {
  const auto whole = std::chrono::floor<Seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(whole - day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

CallbackMessage alibaba_vod(const CallbackTarget &target, const CallbackKeys &keys, const Owed &owed,
                            const std::string &object, UtcTime now) {
  const ClosedFile facts = owed.file.value_or(StoredFile{}).facts;
  JsonObjectWriter body;
  body.text("EventTime", iso_time(owed.happened))
      .text("EventType", "AddLiveRecordVideoComplete")
      .text("VideoId", object)
      .text("Status", "success")
      .text("StreamName", owed.recording.push.stream)
      .text("DomainName", owed.recording.push.domain)
      .text("AppName", owed.recording.push.app)
      .text("RecordStartTime", iso_time(std::min(facts.started, facts.ended)))
      .text("RecordEndTime", iso_time(facts.ended));
  CallbackMessage message{body.to_string(), {}};
  if (keys.current.empty()) return message;
  const std::string time = std::to_string(unix_seconds(now));
  message.headers = {
      {"X-VOD-TIMESTAMP", time},
      {"X-VOD-SIGNATURE", hex_digest(Hash::md5, target.url + "|" + time + "|" + keys.current)}};
  return message;
}

JsonObjectWriter recording_of(const Owed &owed) {
  const Recording &recording = owed.recording;
  JsonObjectWriter about;
  about.text("session-id", recording.session_id)
      .text("template", recording.template_name)
      .text("task", recording.task);
  add_push(about, recording.push)
      .text("content", recording.content)
      .text("formats", recording.formats)
      .text("source", name_of(recording.source))
      .object("push-args", push_args(owed))
      .number("start-time", unix_micros(recording.started));
  if (!owed.derived_from.empty()) about.texts("derived-from", owed.derived_from);
  if (owed.event == RecordingEvent::recording_finished) add_told_quality(about, recording.quality);
  return about;
}

JsonObjectWriter file_of(const Owed &owed, const std::string &object) {
  const StoredFile file = owed.file.value_or(StoredFile{});
  const ClosedFile &facts = file.facts;
  JsonObjectWriter about;
  about.text("format", name_of(file.format))
      .text("url", owed.url)
      .text("object", object)
      .number("number", static_cast<std::int64_t>(file.fragment_id))
      .number("start-time", unix_micros(std::min(facts.started, facts.ended)))
      .number("end-time", unix_micros(facts.ended))
      .number("duration-ns", facts.duration.count())
      .number("size-bytes", static_cast<std::int64_t>(facts.size_bytes))
      .text("video-codec", facts.video_codec)
      .number("width", facts.width)
      .number("height", facts.height)
      .text("audio-codec", facts.audio_codec)
      .number("video-frames", static_cast<std::int64_t>(facts.video_frames))
      .number("audio-frames", static_cast<std::int64_t>(facts.audio_frames));
  return about;
}

JsonObjectWriter exception_of(const Owed &owed) {
  const RecordingException exception = exception_in(owed.detail).value_or(RecordingException{});
  const ExceptionReport &report = exception.report;
  JsonObjectWriter about;
  about.number("type", static_cast<std::int64_t>(report.type))
      .text("level", level_of(report.type))
      .text("meaning", meaning_of(report.type))
      .text("track", report.track)
      .number("occurs", report.occurs)
      .text("description", report.description);
  return about;
}

CallbackMessage our_own(const CallbackKeys &keys, const Owed &owed, const std::string &object, UtcTime now) {
  JsonObjectWriter body;
  body.text("event", name_of(owed.event))
      .text("event-id", owed.event_id)
      .number("sequence", owed.sequence)
      .number("event-time", unix_micros(owed.happened))
      .number("attempt", owed.attempts + 1)
      .number("time", unix_micros(now))
      .object("recording", recording_of(owed));
  if (owed.event == RecordingEvent::file_finished) body.object("file", file_of(owed, object));
  if (owed.event == RecordingEvent::exception) body.object("exception", exception_of(owed));
  if (owed.event == RecordingEvent::recording_error) body.text("error", error_in(owed.detail));
  CallbackMessage message{body.to_string(), {}};
  const std::string time = std::to_string(unix_seconds(now));
  std::string signature = "t=" + time;
  for (const std::string *key : {&keys.current, &keys.older})
    if (!key->empty()) signature += ",v1=" + hmac_hex(Hash::sha256, *key, time + "." + message.body);
  if (!keys.current.empty()) message.headers = {{"X-Recording-Signature", signature}};
  return message;
}

}  // namespace

CallbackMessage callback_message(const CallbackTarget &target, const CallbackKeys &keys, const Owed &owed,
                                 const std::string &object, UtcTime now) {
  if (target.schema == "alibaba") return alibaba(target, keys, owed, object, now);
  if (target.schema == "alibaba-vod") return alibaba_vod(target, keys, owed, object, now);
  if (target.schema == "recording") return our_own(keys, owed, object, now);
  return {tencent_payload(owed, keys.current, now), {}};
}

}  // namespace rec
