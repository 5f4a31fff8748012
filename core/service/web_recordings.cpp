// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_recordings.h"

#include <charconv>
#include <chrono>
#include <functional>
#include <map>

#include "core/io/iso_time.h"
#include "core/io/json.h"
#include "core/model/push_query.h"
#include "core/service/clip.h"
#include "core/service/recording_json.h"
#include "core/service/recording_search.h"
#include "core/service/recording_timeline.h"
#include "core/service/removal.h"
#include "core/service/running_recordings.h"
#include "core/service/web_guard.h"

namespace rec {
namespace {

constexpr int kUsualPage = 50;
constexpr int kLargestPage = 200;
constexpr std::size_t kMostClipped = 100;  // recordings in one clip
constexpr JsonLimits kBodyLimits{.bytes = kLargestWebBody, .depth = 8};

using Parameters = std::map<std::string, std::string>;

Result<Parameters> parameters_of(const std::string &query) {
  Parameters parameters;
  for (auto &[name, value] : query_parameters(query)) {
    if (name.empty()) continue;
    if (!parameters.emplace(name, std::move(value)).second)
      return Error{Errc::invalid_argument, "'" + name + "' is given twice"};
  }
  return parameters;
}

// Takes a parameter away, so that what is left at the end is unknown.
std::optional<std::string> take(Parameters &parameters, const std::string &name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.empty()) {
    parameters.erase(name);
    return std::nullopt;
  }
  std::string value = std::move(found->second);
  parameters.erase(found);
  return value;
}

Status none_left(const Parameters &parameters) {
  if (parameters.empty()) return ok();
  return Error{Errc::invalid_argument, "unknown parameter '" + parameters.begin()->first + "'"};
}

Error wrong(const std::string &name, const std::string &expected) {
  return {Errc::invalid_argument, name + ": expected " + expected};
}

template <typename Value>
Status take_named(Parameters &parameters, const std::string &name, std::initializer_list<Value> known,
                  std::optional<Value> &value) {
  const auto text = take(parameters, name);
  if (!text) return ok();
  std::string names;
  for (const Value one : known) {
    if (name_of(one) == *text) value = one;
    names += (names.empty() ? "" : ", ") + std::string(name_of(one));
  }
  return value ? ok() : wrong(name, "one of " + names);
}

Status take_time(Parameters &parameters, const std::string &name, std::optional<UtcTime> &time) {
  const auto text = take(parameters, name);
  if (!text) return ok();
  auto read = parse_time(*text);
  if (!read) return Error{Errc::invalid_argument, name + ": " + read.error().message};
  time = *read;
  return ok();
}

Status take_flag(Parameters &parameters, const std::string &name, bool &flag) {
  const auto text = take(parameters, name);
  if (!text) return ok();
  if (*text != "true" && *text != "false") return wrong(name, "true or false");
  flag = *text == "true";
  return ok();
}

Result<int> take_limit(Parameters &parameters) {
  const auto text = take(parameters, "limit");
  if (!text) return kUsualPage;
  int limit = 0;
  const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (status != std::errc() || end != text->data() + text->size() || limit < 1 || limit > kLargestPage)
    return wrong("limit", "a number from 1 to " + std::to_string(kLargestPage));
  return limit;
}

Result<RecordingFilter> take_filter(Catalogue &catalogue, Parameters &parameters) {
  RecordingFilter filter;
  filter.session_id = take(parameters, "session_id");
  filter.domain = take(parameters, "domain");
  filter.app = take(parameters, "app");
  filter.stream = take(parameters, "stream");
  filter.stream_has = take(parameters, "stream_has").value_or("");
  filter.template_name = take(parameters, "template");
  filter.task = take(parameters, "task");
  REC_CHECK(take_named(parameters, "format",
                       {Format::flv, Format::mp4, Format::aac, Format::mp3, Format::hls, Format::other},
                       filter.format));
  REC_CHECK(take_named(parameters, "state",
                       {RecordingState::recording, RecordingState::paused, RecordingState::finished},
                       filter.state));
  REC_CHECK(
      take_named(parameters, "source",
                 {RecordingSource::push, RecordingSource::clip, RecordingSource::merge, RecordingSource::job},
                 filter.source));
  REC_CHECK(take_time(parameters, "from", filter.from));
  REC_CHECK(take_time(parameters, "to", filter.to));
  REC_CHECK(take_flag(parameters, "with_removed", filter.with_removed));
  REC_CHECK(take_flag(parameters, "oldest_first", filter.oldest_first));
  if (const auto id = take(parameters, "derived_from")) {
    REC_TRY(const Recording source, recording_named(catalogue, *id));
    filter.derived_from = source.id;
  }
  return filter;
}

bool is_there(const Recording &recording) { return recording.removal == Removal::none; }

Result<JsonObjectWriter> web_json(Catalogue &catalogue, const WebStores &stores, const RecordingView &view) {
  const Recording &r = view.recording;
  REC_TRY(const std::string poster, poster_of(catalogue, r.id));
  const std::string media = "/media/" + r.session_id;
  JsonObjectWriter json = json_of(view, [&](JsonObjectWriter &file, const StoredFile &what) {
    const bool is_media = what.state == FileState::open || what.state == FileState::closed;
    if (is_there(r) && is_media && what.format != Format::hls)
      file.text("media", media + "/file/" + std::to_string(what.id));
  });
  const UtcTime end = r.ended.value_or(r.active);
  json.text("from", exact_time_text(r.started)).text("to", exact_time_text(std::max(r.started, end)));
  if (is_there(r) && !r.playlist_path.empty()) json.text("media", media + "/index.m3u8");
  if (is_there(r) && !r.store.empty() && stores.gives_addresses())
    json.number("media_good_for", stores.desk->address_life().count());
  if (!poster.empty()) json.text("poster", poster);
  return json;
}

WebAnswer json_answer(const JsonObjectWriter &json, int status = 200) {
  return {.status = status,
          .content_type = "application/json",
          .body = json.to_string(),
          .headers = {{"Cache-Control", "no-store"}}};
}

WebAnswer answer_of(const Result<WebAnswer> &answer) { return answer ? *answer : web_error(answer.error()); }

JsonObjectWriter spans_json(const std::vector<TimelineSpan> &spans,
                            const std::function<std::string(std::int64_t)> &session_of) {
  std::vector<JsonObjectWriter> list;
  for (const TimelineSpan &span : spans) {
    JsonObjectWriter json;
    json.text("kind", span.kind == SpanKind::media ? "media" : "gap")
        .text("start", exact_time_text(span.start))
        .text("end", exact_time_text(span.end))
        .real("media_start", std::chrono::duration<double>(span.media_start).count());
    if (!span.reason.empty()) json.text("reason", span.reason);
    if (const std::string session = session_of(span.recording_id); !session.empty())
      json.text("session_id", session);
    list.push_back(std::move(json));
  }
  JsonObjectWriter json;
  json.objects("spans", std::move(list));
  return json;
}

// ---- bodies

Result<JsonValue> body_of(const std::string &body, std::initializer_list<std::string_view> members) {
  REC_TRY(JsonValue json, parse_json(body, kBodyLimits));
  if (json.kind != JsonValue::Kind::object) return wrong("the body", "an object");
  for (const JsonMember &member : json.members)
    if (std::find(members.begin(), members.end(), member.name) == members.end())
      return Error{Errc::invalid_argument, "unknown member '" + member.name + "'"};
  return json;
}

Result<std::string> text_in(const JsonValue &body, const char *name) {
  const JsonMember *member = body.member(name);
  if (!member || member->value.kind == JsonValue::Kind::null) return std::string();
  if (member->value.kind != JsonValue::Kind::string) return wrong(name, "a string");
  return member->value.string;
}

Status read_time(const JsonValue &body, const char *name, std::optional<UtcTime> &time) {
  REC_TRY(const std::string text, text_in(body, name));
  Parameters one{{name, text}};
  return take_time(one, name, time);
}

Status read_recordings(Catalogue &catalogue, const JsonValue &body, ClipRequest &request) {
  const JsonMember *list = body.member("recordings");
  if (!list || list->value.kind != JsonValue::Kind::array || list->value.elements.empty() ||
      list->value.elements.size() > kMostClipped)
    return wrong("recordings", "1 to " + std::to_string(kMostClipped) + " session ids");
  for (const JsonValue &one : list->value.elements) {
    if (one.kind != JsonValue::Kind::string) return wrong("recordings", "session ids, which are strings");
    REC_TRY(const Recording recording, recording_named(catalogue, one.string));
    request.recordings.push_back(recording.id);
  }
  return ok();
}

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};
constexpr Named<ClipBounds> kBounds[] = {
    {"covering", ClipBounds::covering}, {"inside", ClipBounds::inside}, {"keyframe", ClipBounds::keyframe}};
constexpr Named<Format> kClipFormats[] = {{"hls", Format::hls}, {"mp4", Format::mp4}, {"flv", Format::flv}};

// Leaves `value` as it is when the member is not there.
template <typename Value, std::size_t Size>
Status read_named(const JsonValue &body, const char *member, const Named<Value> (&known)[Size],
                  Value &value) {
  REC_TRY(const std::string text, text_in(body, member));
  if (text.empty()) return ok();
  std::string names;
  for (const auto &[name, one] : known) {
    if (name == text) {
      value = one;
      return ok();
    }
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return wrong(member, "one of " + names);
}

Result<ClipRequest> clip_request(Catalogue &catalogue, const std::string &text) {
  REC_TRY(const JsonValue body, body_of(text, {"recordings", "from", "to", "bounds", "format"}));
  ClipRequest request;
  REC_CHECK(read_recordings(catalogue, body, request));
  REC_CHECK(read_time(body, "from", request.from));
  REC_CHECK(read_time(body, "to", request.to));
  if (request.from && request.to && *request.from >= *request.to) return wrong("to", "a time after from");
  REC_CHECK(read_named(body, "bounds", kBounds, request.bounds));
  REC_CHECK(read_named(body, "format", kClipFormats, request.format));
  return request;
}

}  // namespace

WebAnswer web_list(Catalogue &catalogue, const WebStores &stores, const std::string &query) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(Parameters parameters, parameters_of(query));
    REC_TRY(const RecordingFilter filter, take_filter(catalogue, parameters));
    REC_TRY(const int limit, take_limit(parameters));
    const std::string after = take(parameters, "after").value_or("");
    REC_CHECK(none_left(parameters));
    REC_TRY(RecordingPage page, search_recordings(catalogue, filter, limit, after));
    std::vector<JsonObjectWriter> list;
    for (Recording &recording : page.recordings) {
      REC_TRY(const RecordingView view, view_of(catalogue, std::move(recording)));
      REC_TRY(JsonObjectWriter json, web_json(catalogue, stores, view));
      list.push_back(std::move(json));
    }
    JsonObjectWriter json;
    json.objects("recordings", std::move(list))
        .text("next", page.next)
        .number("total", static_cast<std::int64_t>(page.total));
    return json_answer(json);
  }());
}

WebAnswer web_show(Catalogue &catalogue, const WebStores &stores, const std::string &id) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(Recording recording, recording_named(catalogue, id));
    REC_TRY(const RecordingView view, view_of(catalogue, std::move(recording)));
    REC_TRY(JsonObjectWriter json, web_json(catalogue, stores, view));
    REC_TRY(const RecordingProgress progress, progress_of(catalogue.connection(), view.recording.id));
    json.object("progress", json_of(progress));
    return json_answer(json);
  }());
}

WebAnswer web_timeline(Catalogue &catalogue, const std::string &id) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(const Recording recording, recording_named(catalogue, id));
    REC_TRY(const auto spans, timeline_of(catalogue, recording.id));
    return json_answer(spans_json(spans, [&](std::int64_t) { return id; }));
  }());
}

WebAnswer web_stream_timeline(Catalogue &catalogue, const std::string &query) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(Parameters parameters, parameters_of(query));
    PushIdentity stream;
    stream.domain = take(parameters, "domain").value_or("");
    stream.app = take(parameters, "app").value_or("");
    stream.stream = take(parameters, "stream").value_or("");
    std::optional<UtcTime> from, to;
    REC_CHECK(take_time(parameters, "from", from));
    REC_CHECK(take_time(parameters, "to", to));
    REC_CHECK(none_left(parameters));
    if (stream.domain.empty() || stream.app.empty() || stream.stream.empty() || !from || !to || *from >= *to)
      return wrong("the query", "domain, app, stream, from and a later to");
    REC_TRY(const auto spans, timeline_of(catalogue, stream, *from, *to));
    std::map<std::int64_t, std::string> sessions;
    for (const TimelineSpan &span : spans) {
      if (span.recording_id == 0 || sessions.contains(span.recording_id)) continue;
      REC_TRY(const Recording recording, catalogue.recording(span.recording_id));
      sessions[span.recording_id] = recording.session_id;
    }
    return json_answer(spans_json(spans, [&](std::int64_t one) {
      const auto found = sessions.find(one);
      return found == sessions.end() ? std::string() : found->second;
    }));
  }());
}

WebAnswer web_clip(Catalogue &catalogue, const WebStores &stores, const std::string &body) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(const ClipRequest request, clip_request(catalogue, body));
    REC_TRY(Recording clip, make_clip(catalogue, request, stores.of_thread));
    REC_TRY(const RecordingView view, view_of(catalogue, std::move(clip)));
    REC_TRY(const JsonObjectWriter json, web_json(catalogue, stores, view));
    WebAnswer answer = json_answer(json, 201);
    answer.headers.emplace_back("Location", "/api/v1/recordings/" + view.recording.session_id);
    return answer;
  }());
}

WebAnswer web_remove(Catalogue &catalogue, const std::string &id, const std::string &query) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(Parameters parameters, parameters_of(query));
    bool files = false;
    REC_CHECK(take_flag(parameters, "files", files));
    REC_CHECK(none_left(parameters));
    REC_TRY(const Recording recording, recording_named(catalogue, id));
    REC_CHECK(begin_removal(catalogue, recording.id,
                            files ? RemovalScope::files_and_information : RemovalScope::information));
    return WebAnswer{.status = 202};
  }());
}

WebAnswer web_hold(Catalogue &catalogue, const std::string &id, const std::string &text) {
  return answer_of([&]() -> Result<WebAnswer> {
    REC_TRY(const JsonValue body, body_of(text, {"hold"}));
    const JsonMember *hold = body.member("hold");
    if (!hold || hold->value.kind != JsonValue::Kind::boolean) return wrong("hold", "true or false");
    REC_TRY(const Recording recording, recording_named(catalogue, id));
    REC_CHECK(set_hold(catalogue, recording.id, hold->value.boolean));
    return WebAnswer{.status = 204};
  }());
}

}  // namespace rec
