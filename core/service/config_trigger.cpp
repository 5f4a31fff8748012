// SPDX-License-Identifier: LGPL-2.1-or-later
// When a template records, and which content.
#include <algorithm>

#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr Seconds kLongestTimeout{60};  // of one question
constexpr Seconds kLongestHold{600};    // of media that waits
constexpr std::int64_t kMostRetries = 100;

const std::string kTriggers = R"("automatic", "manual", "ingest-parameter" or {"ask": "https://..."})";

Milliseconds read_time(ConfigNotes &notes, const Field &field, Seconds least, Seconds most,
                       Milliseconds otherwise) {
  const auto time = read_duration(notes.problems, field, least, most);
  return time ? Milliseconds(*time) : otherwise;
}

Trigger read_question(ConfigNotes &notes, const Field &field) {
  Trigger trigger;
  trigger.kind = TriggerKind::ask;
  ObjectReader reader(notes.problems, field);
  static const std::string kWhat = "an http or https address without user name and query";
  if (const auto url = reader.need("ask", kWhat))
    trigger.url = read_url(notes, *url, kWhat, {"http://", "https://"}).value_or("");
  if (const auto timeout = reader.take("timeout"))
    trigger.timeout = read_time(notes, *timeout, Seconds(1), kLongestTimeout, trigger.timeout);
  if (const auto retries = reader.take("retries"))
    trigger.retries = static_cast<unsigned>(
        read_count(notes.problems, *retries, 0, kMostRetries).value_or(trigger.retries));
  if (const auto pause = reader.take("retry-interval"))
    trigger.pause = read_time(notes, *pause, Seconds(0), kLongestTimeout, trigger.pause);
  if (const auto hold = reader.take("hold"))
    trigger.hold = read_time(notes, *hold, Seconds(0), kLongestHold, trigger.hold);
  if (const auto failure = reader.take("on-failure"))
    trigger.record_on_failure = read_word(notes.problems, *failure, {"skip", "record"}) == "record";
  reader.finish();
  return trigger;
}

void add_content(ConfigNotes &notes, const Field &field, std::vector<Content> &list) {
  static const std::string kWhat =
      R"("origin", "watermarked", "transcoded:ID" or "transcoded:*" (ID: 1 to 64 letters, digits, _ and -))";
  const auto text = read_text(notes.problems, field, kWhat);
  if (!text) return;
  const auto content = content_named(*text);
  if (!content)
    notes.problems.expected(field.value.at, field.path, kWhat, describe(field.value));
  else if (std::find(list.begin(), list.end(), *content) != list.end())
    notes.problems.expected(field.value.at, field.path, "every content once", describe(field.value));
  else
    list.push_back(*content);
}

}  // namespace

Trigger read_trigger(ConfigNotes &notes, const Field &field) {
  Trigger trigger;
  if (field.value.kind == JsonValue::Kind::object) {
    trigger = read_question(notes, field);
  } else if (field.value.kind == JsonValue::Kind::string && field.value.string == "manual") {
    trigger.kind = TriggerKind::manual;
  } else if (field.value.kind == JsonValue::Kind::string && field.value.string == "ingest-parameter") {
    trigger.kind = TriggerKind::ingest_parameter;
  } else if (field.value.kind != JsonValue::Kind::string || field.value.string != "automatic") {
    notes.problems.expected(field.value.at, field.path, kTriggers, describe(field.value));
  }
  return trigger;
}

std::vector<Content> read_content(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "an array of contents like [\"origin\"]";
  std::vector<Content> list;
  const auto elements = read_list(notes.problems, field, kWhat);
  for (const Field &element : elements) add_content(notes, element, list);
  if (field.value.kind == JsonValue::Kind::array && elements.empty())
    notes.problems.expected(field.value.at, field.path, kWhat, "an empty one");
  const auto named = std::count_if(list.begin(), list.end(), [](const Content &c) {
    return c.kind == Content::Kind::transcoded && c.id != "*";
  });
  const bool all = std::find(list.begin(), list.end(), Content{Content::Kind::transcoded, "*"}) != list.end();
  if (static_cast<std::size_t>(named) > kMaxTranscoded || (all && named > 0))
    notes.problems.expected(field.value.at, field.path,
                            "at most " + std::to_string(kMaxTranscoded) +
                                " transcoded contents, or \"transcoded:*\" alone for all of them",
                            std::to_string(named) + (all ? " beside \"transcoded:*\"" : ""));
  return list.empty() ? std::vector<Content>{Content{}} : list;
}

}  // namespace rec
