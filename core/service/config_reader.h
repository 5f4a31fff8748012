// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/io/json.h"

namespace rec {

// Collects what is wrong with one file; stops at kMost.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(TextPosition at, const std::string &member, const std::string &problem);
  void expected(TextPosition at, const std::string &member, const std::string &what,
                const std::string &found);
  std::string origin(TextPosition at) const { return file_ + ":" + to_string(at); }
  std::vector<std::string> take();  // in the order of the file

 private:
  struct Line {
    TextPosition at;
    std::string text;
  };
  static constexpr std::size_t kMost = 100;
  std::string file_;
  std::vector<Line> lines_;
  bool more_ = false;
};

// A value and how people find it: "templates.default.formats.hls.segment", "rules[2].domain".
struct Field {
  const JsonValue &value;
  TextPosition at;  // of the member's name, or of the element
  std::string path;
};

// Reads the members of one object; those that nobody asked for are problems, which finish() reports.
class ObjectReader {
 public:
  ObjectReader(Problems &problems, const Field &field);

  std::optional<Field> take(std::string_view name);                           // may be absent
  std::optional<Field> need(std::string_view name, const std::string &what);  // absent is a problem
  void finish();
  std::vector<Field> rest() const;                 // what finish() would report
  const std::vector<JsonMember> &members() const;  // of a map from free names
  Field field(const JsonMember &member) const;

 private:
  Problems &problems_;
  const JsonValue *object_;  // null: it is none, which was noted
  TextPosition at_;
  std::string path_;
  std::vector<std::string_view> known_;  // literals
};

// Checked conversions: nothing when there was a problem, which is then noted.
std::optional<std::string> read_text(Problems &problems, const Field &field, const std::string &what);
// "10s", "30min", "12h", "30d" between both limits.
std::optional<Seconds> read_duration(Problems &problems, const Field &field, Seconds least, Seconds most);
std::optional<bool> read_flag(Problems &problems, const Field &field);
// A whole number between both limits.
std::optional<std::int64_t> read_count(Problems &problems, const Field &field, std::int64_t least,
                                       std::int64_t most);
// One of a few words.
std::optional<std::string> read_word(Problems &problems, const Field &field,
                                     const std::vector<std::string> &words);
// The array's elements; none when it is no array.
std::vector<Field> read_list(Problems &problems, const Field &field, const std::string &what);

std::optional<Seconds> parse_duration(std::string_view text);  // "30min"
std::string duration_text(Seconds duration);                   // "30min"
// For "found ...": the kind, and the value where that is harmless and short. Never use it for what may hold
// secrets.
std::string describe(const JsonValue &value);
std::string describe_kind(const JsonValue &value);                                    // "a string"
std::string join(const std::vector<std::string> &words, const char *last_separator);  // "a, b or c"

}  // namespace rec
