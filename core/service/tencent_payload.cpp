// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/tencent_payload.h"

#include <algorithm>

#include "core/base/digest.h"
#include "core/io/json.h"
#include "core/model/object_key.h"

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

}  // namespace

std::string tencent_sign(std::string_view key, Seconds t) {
  return hex_digest(Hash::md5, std::string(key) + std::to_string(t.count()));
}

std::string tencent_payload(const Owed &owed, std::string_view key, UtcTime now) {
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
  const Seconds t = whole_seconds(now) + kValidity;
  if (!key.empty()) body.text("sign", tencent_sign(key, t));
  body.number("t", t.count());
  return body.to_string();
}

}  // namespace rec
