// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "core/base/glib_ptr.h"
#include "core/io/http.h"

namespace rec {
namespace {

constexpr const char *kCut = "...";
constexpr std::string_view kSpaces = " \t\n\v\f\r";
constexpr std::string_view kInPort = "0123456789.,;:)'\"]>";  // with what ends a sentence, or a quote
constexpr std::string_view kSchemeEnd = "://";

// How many bytes of `text` stand for one of ":/?#@" in percent-encoding; it may itself be encoded, any number
// of times ("%40", "%2540"). 0 = none.
std::size_t encoded_mark(std::string_view text, char &mark) {
  std::size_t digits = 1;
  while (text.substr(digits, 2) == "25") digits += 2;
  if (digits + 1 >= text.size()) return 0;
  const int high = g_ascii_xdigit_value(text[digits]), low = g_ascii_xdigit_value(text[digits + 1]);
  if (high < 0 || low < 0) return 0;
  mark = static_cast<char>(16 * high + low);
  return std::string_view(":/?#@").find(mark) == std::string_view::npos ? 0 : digits + 2;
}

std::string with_plain_marks(std::string_view word) {
  std::string plain;
  while (!word.empty()) {
    char next = word.front();
    const std::size_t encoded = next == '%' ? encoded_mark(word, next) : 0;
    plain += next;
    word.remove_prefix(std::max<std::size_t>(1, encoded));
  }
  return plain;
}

// What stands where a port would, of a text that was cut off before its '@', may be a password.
bool ends_in_port(std::string_view authority) {
  if (authority.starts_with('[')) authority.remove_prefix(std::min(authority.find(']'), authority.size()));
  const auto colon = authority.find(':');
  if (colon == authority.npos) return true;
  return authority.find_first_not_of(kInPort, colon) == authority.npos;
}

// What follows "://", or may do so, without its query.
std::string without_user(std::string_view place, bool has_scheme) {
  const std::string_view authority = place.substr(0, place.find('/'));
  const auto at = place.rfind('@');
  if (at != place.npos && (authority.find('@') != place.npos || place.find(':') < at))
    return kCut + std::string(place.substr(at));
  if (!has_scheme || ends_in_port(authority)) return std::string(place);
  return kCut + std::string(place.substr(authority.size()));
}

std::string redacted_word(std::string_view word) {
  const bool has_scheme = word.find(kSchemeEnd) != word.npos;
  const auto query = word.find_first_of(has_scheme ? "?#" : "?");
  std::string_view rest = word.substr(0, query);
  std::string redacted;
  for (bool is_behind = false;; is_behind = true) {
    const auto end = rest.find(kSchemeEnd);
    redacted += without_user(rest.substr(0, end), is_behind);
    if (end == rest.npos) break;
    redacted += kSchemeEnd;
    rest.remove_prefix(end + kSchemeEnd.size());
  }
  if (query != word.npos && query + 1 < word.size())
    redacted += word[query] + std::string(kCut);
  else if (query != word.npos)
    redacted += word[query];
  return redacted;
}

}  // namespace

std::string redacted_text(std::string_view text) {
  std::string redacted;
  redacted.reserve(text.size());
  while (!text.empty()) {
    const auto spaces = std::min(text.find_first_not_of(kSpaces), text.size());
    redacted += text.substr(0, spaces);
    text.remove_prefix(spaces);
    const std::string_view word = text.substr(0, text.find_first_of(kSpaces));
    const std::string plain = with_plain_marks(word);
    const std::string safe = redacted_word(plain);
    redacted += safe == plain ? word : std::string_view(safe);
    text.remove_prefix(word.size());
  }
  return redacted;
}

}  // namespace rec
