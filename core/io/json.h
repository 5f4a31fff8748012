// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace rec {

// A place in a text: both count from 1, columns count characters.
struct TextPosition {
  unsigned line = 1;
  unsigned column = 1;
};

std::string to_string(TextPosition at);  // "12:5"

struct JsonMember;

// One value of a parsed document. Members and elements stand in the order of the text.
struct JsonValue {
  enum class Kind { null, boolean, integer, real, string, array, object };

  Kind kind = Kind::null;
  TextPosition at;       // of the value's first character
  bool boolean = false;  // the rest: only what `kind` names means something
  std::int64_t integer = 0;
  double real = 0;
  std::string string;  // UTF-8 without NUL
  std::vector<JsonValue> elements;
  std::vector<JsonMember> members;  // of different names

  const JsonMember *member(std::string_view name) const;  // null when absent; linear
};

struct JsonMember {
  std::string name;
  TextPosition at;  // of the name
  JsonValue value;
};

struct JsonLimits {
  std::size_t bytes = 64 << 20;
  std::size_t depth = 32;
};

// Reads an RFC 8259 text; hostile input is fine. Errors (invalid_argument) begin with "line:column: ".
// Refused are also: a member name given twice in one object, \u0000, numbers that do not fit, and more than
// `limits`.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits &limits = {});

enum class JsonLayout { dense, indented };  // one line without spaces between tokens; or for people

// Writes one object with its members in the order of the calls, so that what is written is stable.
// What is not UTF-8 in a text becomes U+FFFD. Use a name once. Not thread-safe.
class JsonObjectWriter {
 public:
  JsonObjectWriter();
  ~JsonObjectWriter();
  JsonObjectWriter(JsonObjectWriter &&) noexcept;
  JsonObjectWriter &operator=(JsonObjectWriter &&) noexcept;

  JsonObjectWriter &text(const char *name, std::string_view value);
  JsonObjectWriter &number(const char *name, std::int64_t value);
  JsonObjectWriter &real(const char *name, double value);
  JsonObjectWriter &flag(const char *name, bool value);
  JsonObjectWriter &object(const char *name, JsonObjectWriter value);
  JsonObjectWriter &texts(const char *name, const std::vector<std::string> &values);
  JsonObjectWriter &value(const char *name, const JsonValue &value);  // of a text that was parsed
  JsonObjectWriter &objects(const char *name, std::vector<JsonObjectWriter> values);

  std::string to_string(JsonLayout layout = JsonLayout::dense) const;

 private:
  struct Members;
  std::unique_ptr<Members> members_;  // null only when moved from
};

}  // namespace rec
