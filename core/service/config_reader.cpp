// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/config_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace rec {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr Unit kUnits[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};  // longest first

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (status != std::errc() || number < 0 || text.front() == '-') return std::nullopt;
  for (const Unit &u : kUnits)
    if (unit == u.name && number <= std::numeric_limits<std::int64_t>::max() / u.seconds)
      return Seconds(number * u.seconds);
  return std::nullopt;
}

void Problems::add(TextPosition at, const std::string &member, const std::string &problem) {
  more_ = lines_.size() == kMost;
  if (more_) return;
  lines_.push_back({at, origin(at) + ": " + (member.empty() ? "" : member + ": ") + problem});
}

std::vector<std::string> Problems::take() {
  std::stable_sort(lines_.begin(), lines_.end(), [](const Line &a, const Line &b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  std::vector<std::string> texts;
  for (Line &line : lines_) texts.push_back(std::move(line.text));
  if (more_) texts.push_back(file_ + ": more problems are not shown");
  return texts;
}

void Problems::expected(TextPosition at, const std::string &member, const std::string &what,
                        const std::string &found) {
  add(at, member, "expected " + what + ", found " + found);
}

ObjectReader::ObjectReader(Problems &problems, const Field &field)
    : problems_(problems),
      object_(field.value.kind == JsonValue::Kind::object ? &field.value : nullptr),
      at_(field.at),
      path_(field.path) {
  if (!object_) problems.expected(field.value.at, field.path, "an object", describe_kind(field.value));
}

Field ObjectReader::field(const JsonMember &member) const {
  return {member.value, member.at, (path_.empty() ? "" : path_ + ".") + member.name};
}

const std::vector<JsonMember> &ObjectReader::members() const {
  static const std::vector<JsonMember> kNone;
  return object_ ? object_->members : kNone;
}

std::optional<Field> ObjectReader::take(std::string_view name) {
  known_.push_back(name);
  const JsonMember *const member = object_ ? object_->member(name) : nullptr;
  return member ? std::optional<Field>(field(*member)) : std::nullopt;
}

std::optional<Field> ObjectReader::need(std::string_view name, const std::string &what) {
  auto found = take(name);
  if (!found && object_)
    problems_.expected(at_, (path_.empty() ? "" : path_ + ".") + std::string(name), what, "nothing");
  return found;
}

std::vector<Field> ObjectReader::rest() const {
  std::vector<Field> fields;
  for (const JsonMember &member : members())
    if (std::find(known_.begin(), known_.end(), member.name) == known_.end()) fields.push_back(field(member));
  return fields;
}

void ObjectReader::finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const JsonMember &member : members())
    if (std::find(known_.begin(), known_.end(), member.name) == known_.end())
      problems_.expected(member.at, path_, "only " + join(known, "and"), "\"" + member.name + "\"");
}

std::optional<std::string> read_text(Problems &problems, const Field &field, const std::string &what) {
  if (field.value.kind == JsonValue::Kind::string && !field.value.string.empty()) return field.value.string;
  const bool empty = field.value.kind == JsonValue::Kind::string;
  problems.expected(field.value.at, field.path, what, empty ? "an empty string" : describe_kind(field.value));
  return std::nullopt;
}

std::optional<Seconds> read_duration(Problems &problems, const Field &field, Seconds least, Seconds most) {
  if (field.value.kind == JsonValue::Kind::string && !field.value.string.empty()) {
    const auto duration = parse_duration(field.value.string);
    if (duration && *duration >= least && *duration <= most) return duration;
  }
  problems.expected(field.value.at, field.path,
                    "a duration from \"" + duration_text(least) + "\" to \"" + duration_text(most) +
                        "\" (a whole number of s, min, h or d)",
                    describe(field.value));
  return std::nullopt;
}

std::optional<bool> read_flag(Problems &problems, const Field &field) {
  if (field.value.kind == JsonValue::Kind::boolean) return field.value.boolean;
  problems.expected(field.value.at, field.path, "true or false", describe(field.value));
  return std::nullopt;
}

std::optional<std::int64_t> read_count(Problems &problems, const Field &field, std::int64_t least,
                                       std::int64_t most) {
  const std::int64_t number = field.value.integer;
  if (field.value.kind == JsonValue::Kind::integer && number >= least && number <= most) return number;
  problems.expected(field.value.at, field.path,
                    "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
                    describe(field.value));
  return std::nullopt;
}

std::optional<std::string> read_word(Problems &problems, const Field &field,
                                     const std::vector<std::string> &words) {
  if (field.value.kind == JsonValue::Kind::string &&
      std::find(words.begin(), words.end(), field.value.string) != words.end())
    return field.value.string;
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string &word : words) quoted.push_back("\"" + word + "\"");
  problems.expected(field.value.at, field.path, join(quoted, "or"), describe(field.value));
  return std::nullopt;
}

std::vector<Field> read_list(Problems &problems, const Field &field, const std::string &what) {
  std::vector<Field> list;
  if (field.value.kind != JsonValue::Kind::array)
    problems.expected(field.value.at, field.path, what, describe_kind(field.value));
  list.reserve(field.value.elements.size());
  for (const JsonValue &element : field.value.elements)
    list.push_back({element, element.at, field.path + "[" + std::to_string(list.size()) + "]"});
  return list;
}

std::string duration_text(Seconds duration) {
  for (const Unit &u : kUnits)
    if (duration.count() != 0 && duration.count() % u.seconds == 0)
      return std::to_string(duration.count() / u.seconds) + std::string(u.name);
  return "0s";
}

std::string describe_kind(const JsonValue &value) {
  switch (value.kind) {
    case JsonValue::Kind::null:
      return "null";
    case JsonValue::Kind::boolean:
      return "a boolean";
    case JsonValue::Kind::integer:
    case JsonValue::Kind::real:
      return "a number";
    case JsonValue::Kind::string:
      return "a string";
    case JsonValue::Kind::array:
      return "an array";
    case JsonValue::Kind::object:
      break;
  }
  return "an object";
}

std::string describe(const JsonValue &value) {
  constexpr std::size_t kShort = 60;
  if (value.kind == JsonValue::Kind::integer) return std::to_string(value.integer);
  if (value.kind == JsonValue::Kind::boolean) return value.boolean ? "true" : "false";
  if (value.kind == JsonValue::Kind::string && value.string.size() <= kShort)
    return "\"" + value.string + "\"";
  return describe_kind(value);
}

std::string join(const std::vector<std::string> &words, const char *last_separator) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " " + std::string(last_separator) + " " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace rec
