// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/record_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "core/io/json.h"
#include "core/model/push_query.h"

namespace rec {
namespace {

using Kind = JsonValue::Kind;

constexpr JsonLimits kLimits{.bytes = kLongestRecordAnswer, .depth = 8};
constexpr std::int64_t kLongestRetention = std::int64_t{1500} * 24 * 3600;  // seconds (spec 3.1)

const JsonValue *value_of(const JsonValue &object, std::string_view name) {
  const JsonMember *member = object.member(name);
  return member && member->value.kind != Kind::null ? &member->value : nullptr;
}

Result<JsonValue> parse_object(std::string_view text) {
  auto parsed = parse_json(text, kLimits);
  if (!parsed || parsed->kind != Kind::object)
    return Error{Errc::corrupt,
                 "expected a JSON object of at most " + std::to_string(kLongestRecordAnswer) + " bytes"};
  return parsed;
}

bool needs_record(const JsonValue &object) {
  const JsonValue *need = value_of(object, "NeedRecord");
  return need && need->kind == Kind::boolean && need->boolean;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error unreadable(const char *name, const char *expected) {
  return {Errc::invalid_argument, std::string("push URL: ") + name + ": expected " + expected};
}

Result<std::optional<Seconds>> seconds_of(std::string_view query, const char *name) {
  const auto text = query_parameter(query, name);
  if (!text) return std::optional<Seconds>();
  const auto value = number(*text);
  if (!value || *value < 0 || *value > kLongestRetention)
    return unreadable(name, "a number of seconds, at most 1500 days");
  return std::optional(Seconds(*value));
}

// "mp4|hls" -> formats; "none" -> none of them.
Result<std::vector<Format>> listed_formats(std::string_view list) {
  std::vector<Format> formats;
  if (list == "none") return formats;
  std::string joined(list);
  for (char &c : joined) c = c == '|' ? '+' : c;
  auto parsed = parse_formats(joined);
  if (!parsed) return unreadable("record", "flv, mp4, hls, aac or mp3, joined by '|', or none");
  return parsed;
}

Result<bool> wants_audio_only(std::string_view query) {
  const auto type = query_parameter(query, "record_type");
  if (!type || *type == "video") return false;
  if (*type == "audio") return true;
  return unreadable("record_type", "audio or video");
}

}  // namespace

Result<RecordAnswer> parse_record_answer(std::string_view body) {
  REC_TRY(const JsonValue object, parse_object(body.substr(0, kLongestRecordAnswer)));
  RecordAnswer answer;
  answer.need_record = needs_record(object);
  if (const JsonValue *formats = value_of(object, "Format")) {
    if (formats->kind != Kind::array) return Error{Errc::corrupt, "Format: expected an array"};
    answer.formats.emplace();
    for (const JsonValue &element : formats->elements)
      if (element.kind == Kind::string) answer.formats->push_back(element.string);
  }
  const JsonValue *interval = value_of(object, "Interval");
  if (!interval) return answer;
  for (const JsonMember &member : interval->members)
    if (member.value.kind == Kind::integer) answer.seconds.emplace_back(member.name, member.value.integer);
  return answer;
}

Result<IngestParameters> parse_ingest_parameters(std::string_view query) {
  if (query.size() > kLongestIngestParameter)
    return Error{Errc::invalid_argument, "push URL: expected a query of at most " +
                                             std::to_string(kLongestIngestParameter) + " bytes"};
  IngestParameters said;
  const auto config = query_parameter(query, "record_config");
  const auto list = query_parameter(query, "record");
  if (!config && !list) return said;
  said.record = true;
  if (config) {
    const auto object = parse_object(*config);
    if (!object) return unreadable("record_config", R"({"NeedRecord":true}, escaped)");
    said.record = needs_record(*object);
  }
  if (list) {
    REC_TRY(said.formats, listed_formats(*list));
    said.record = said.record && !said.formats.empty();
  }
  REC_TRY(said.cycle, seconds_of(query, "record_interval"));
  REC_TRY(said.retention, seconds_of(query, "storage_time"));
  REC_TRY(said.audio_only, wants_audio_only(query));
  return said;
}

}  // namespace rec
