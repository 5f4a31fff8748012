// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/json_scan.h"

#include <glib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace rec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// RFC 8259 section 6. `integral`: without fraction and exponent.
bool is_number(std::string_view word, bool &integral) {
  std::size_t i = word.starts_with('-') ? 1 : 0;
  std::size_t end = skip_digits(word, i);
  if (end == i || (word[i] == '0' && end > i + 1)) return false;
  integral = end == word.size();
  if (end < word.size() && word[end] == '.') {
    i = end + 1;
    end = skip_digits(word, i);
    if (end == i) return false;
  }
  if (end < word.size() && (word[end] == 'e' || word[end] == 'E')) {
    i = end + 1;
    if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
    end = skip_digits(word, i);
    if (end == i) return false;
  }
  return end == word.size();
}

bool fits(std::string_view number, bool integral) {
  if (!integral) return std::isfinite(g_ascii_strtod(std::string(number).c_str(), nullptr));
  std::int64_t value = 0;
  return std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc();
}

class Scanner {
 public:
  Scanner(std::string_view text, const JsonLimits &limits) : text_(text), limits_(limits) {}

  Result<JsonScan> scan() {
    while (next_ < text_.size()) {
      const TextPosition at = at_;
      const char c = text_[next_];
      std::optional<std::string> wrong;
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        advance();
      } else if (std::string_view("{}[]:,").find(c) != std::string_view::npos) {
        advance();
        wrong = punctuation(c);
      } else {
        found_.values.push_back(at);
        wrong = c == '"' ? string() : word();
      }
      if (wrong) return Error{Errc::invalid_argument, to_string(at) + ": " + *wrong};
    }
    return std::move(found_);
  }

 private:
  struct Container {
    bool is_object;
    std::optional<std::size_t> member;  // whose value is being read: index in names
    std::size_t object = 0;             // index in sizes
  };

  void advance() {
    if (text_[next_] == '\n') {
      ++at_.line;
      at_.column = 1;
    } else if ((static_cast<unsigned char>(text_[next_]) & 0xC0) != 0x80) {
      ++at_.column;
    }
    ++next_;
  }

  void end_member() {
    if (open_.empty() || !open_.back().member) return;
    found_.ended.push_back(*open_.back().member);
    open_.back().member.reset();
  }

  std::optional<std::string> punctuation(char c) {
    if (c == '{' || c == '[') {
      found_.values.push_back({at_.line, at_.column - 1});
      if (open_.size() == limits_.depth) return "nested deeper than " + std::to_string(limits_.depth);
      open_.push_back({c == '{', {}, found_.sizes.size()});
      if (c == '{') found_.sizes.push_back(0);
    } else if (c == ':') {
      // What was taken for a value is the name of a member.
      if (open_.empty() || !open_.back().is_object || found_.values.empty()) return "unexpected ':'";
      open_.back().member = found_.names.size();
      ++found_.sizes[open_.back().object];
      found_.names.push_back(found_.values.back());
      found_.values.pop_back();
    } else {
      end_member();
      if (c != ',' && !open_.empty()) open_.pop_back();
    }
    return {};
  }

  std::optional<std::string> string() {
    for (advance(); next_ < text_.size(); advance()) {
      const char c = text_[next_];
      if (c == '"') {
        advance();
        return {};
      }
      if (static_cast<unsigned char>(c) < 0x20)
        return "control character in a string: expected an escape like \\n";
      if (c == '\\') {
        const std::string_view escape = text_.substr(next_ + 1, 5);
        if (escape.starts_with("u0000")) return "\\u0000 is not allowed in a string";
        if (escape.empty() || std::string_view("\"\\/bfnrtu").find(escape[0]) == std::string_view::npos)
          return "unknown escape in a string";
        advance();
      }
    }
    return "string without end";
  }

  std::optional<std::string> word() {
    const std::size_t begin = next_;
    while (next_ < text_.size() &&
           std::string_view(" \t\r\n{}[]:,\"").find(text_[next_]) == std::string_view::npos)
      advance();
    const std::string_view word = text_.substr(begin, next_ - begin);
    if (word == "true" || word == "false" || word == "null") return {};
    bool integral = false;
    if (is_number(word, integral))
      return fits(word, integral) ? std::nullopt : std::optional<std::string>("number out of range");
    const auto length = std::min<glong>(20, g_utf8_strlen(word.data(), static_cast<gssize>(word.size())));
    const char *const cut = g_utf8_offset_to_pointer(word.data(), length);
    return "unexpected '" + std::string(word.data(), cut) + "': expected a JSON value";
  }

  std::string_view text_;  // UTF-8
  const JsonLimits &limits_;
  std::size_t next_ = 0;  // byte to be looked at
  TextPosition at_;       // of that byte
  std::vector<Container> open_;
  JsonScan found_;
};

}  // namespace

Result<JsonScan> scan_json(std::string_view text, const JsonLimits &limits) {
  return Scanner(text, limits).scan();
}

}  // namespace rec
