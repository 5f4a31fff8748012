// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/name_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/model/utf8.h"

namespace rec {
namespace {

enum class When { identity, start, end };
enum class What {
  app,
  stream,
  domain,
  record_id,
  random_id,
  record_source,
  year,
  month,
  day,
  hour,
  minute,
  second,
  millisecond,
  time,
  escaped_time,
  unix_timestamp,
  sequence,
};

struct Placeholder {
  std::string_view name;
  When when;
  What what;
};

constexpr Placeholder kPlaceholders[] = {
    {"AppName", When::identity, What::app},
    {"StreamName", When::identity, What::stream},
    {"StreamID", When::identity, What::stream},
    {"Domain", When::identity, What::domain},
    {"RecordId", When::identity, What::record_id},
    {"RandomID", When::identity, What::random_id},
    {"RecordSource", When::identity, What::record_source},
    {"StartYear", When::start, What::year},
    {"StartMonth", When::start, What::month},
    {"StartDay", When::start, What::day},
    {"StartHour", When::start, What::hour},
    {"StartMinute", When::start, What::minute},
    {"StartSecond", When::start, What::second},
    {"StartMillisecond", When::start, What::millisecond},
    {"StartTime", When::start, What::time},
    {"EscapedStartTime", When::start, What::escaped_time},
    {"UnixTimestamp", When::start, What::unix_timestamp},
    {"Sequence", When::start, What::sequence},
    {"EndYear", When::end, What::year},
    {"EndMonth", When::end, What::month},
    {"EndDay", When::end, What::day},
    {"EndHour", When::end, What::hour},
    {"EndMinute", When::end, What::minute},
    {"EndSecond", When::end, What::second},
    {"EndMillisecond", When::end, What::millisecond},
    {"EndTime", When::end, What::time},
    {"EscapedEndTime", When::end, What::escaped_time},
};
constexpr Placeholder kPlainSequence = {"d", When::start, What::sequence};
constexpr unsigned kMaxSequenceWidth = 20;  // digits of the largest 64-bit number

Error invalid(std::string message) { return Error{Errc::invalid_argument, std::move(message)}; }

std::string all_placeholders() {
  std::string list;
  for (const Placeholder &p : kPlaceholders) list += (list.empty() ? "{" : ", {") + std::string(p.name) + "}";
  return list;
}

// A piece of a pattern: text that stands for itself, or a placeholder.
struct Token {
  std::string_view source;   // as written
  std::string_view literal;  // when `placeholder` is null
  const Placeholder *placeholder = nullptr;
  unsigned width = 0;  // least digits of a %0Nd
};

Result<Token> read_braces(std::string_view text) {
  const auto close = text.find('}');
  if (close == std::string_view::npos) return invalid("'{' without '}' in '" + std::string(text) + "'");
  const std::string_view name = text.substr(1, close - 1);
  for (const Placeholder &p : kPlaceholders)
    if (p.name == name) return Token{text.substr(0, close + 1), {}, &p};
  return invalid("unknown placeholder {" + std::string(name) + "}: expected one of " + all_placeholders());
}

Result<Token> read_percent(std::string_view text) {
  if (text.starts_with("%%")) return Token{text.substr(0, 2), text.substr(0, 1)};
  if (text.starts_with("%d")) return Token{text.substr(0, 2), {}, &kPlainSequence};
  unsigned width = 0;
  if (text.size() > 2 && text[1] == '0') {
    const char *const end = text.data() + text.size();
    const auto [next, status] = std::from_chars(text.data() + 2, end, width);
    if (status == std::errc() && next != end && *next == 'd' && width > 0 && width <= kMaxSequenceWidth)
      return Token{
          text.substr(0, static_cast<std::size_t>(next + 1 - text.data())), {}, &kPlainSequence, width};
  }
  return invalid("'" + std::string(text.substr(0, 6)) +
                 "' is no number format: expected %d, %01d to %020d, or %% for a percent sign");
}

Result<Token> next_token(std::string_view text) {
  switch (text.front()) {
    case '{':
      return read_braces(text);
    case '%':
      return read_percent(text);
    case '}':
      return invalid("'}' without '{' before '" + std::string(text) + "'");
    default:
      break;
  }
  const std::string_view literal = text.substr(0, text.find_first_of("{}%"));
  return Token{literal, literal};
}

// Numbers and %% are filled in by begin_name(): a '%' that is there afterwards stands for itself.
enum class Percent { keep, fill, literal };

// Rebuilds `pattern`, asking `fill(token)` for every placeholder: Result<optional<string>>, nothing leaves it
// as it is.
template <typename Fill>
Result<std::string> expand(std::string_view pattern, Percent percent, Fill fill) {
  std::string out;
  while (!pattern.empty()) {
    if (percent == Percent::literal && pattern.front() == '%') {
      out += '%';
      pattern.remove_prefix(1);
      continue;
    }
    REC_TRY(const Token token, next_token(pattern));
    pattern.remove_prefix(token.source.size());
    if (!token.placeholder) {
      out += percent == Percent::keep ? token.source : token.literal;
      continue;
    }
    REC_TRY(const std::optional<std::string> value, fill(token));
    out += value ? std::string_view(*value) : token.source;
  }
  return out;
}

std::string digits(std::uint64_t n, std::size_t width) {
  std::string text = std::to_string(n);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

std::string time_text(What what, UtcTime instant, Seconds utc_offset) {
  namespace chrono = std::chrono;
  const auto local = instant + utc_offset;
  const auto midnight = chrono::floor<chrono::days>(local);
  const chrono::year_month_day date(midnight);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::milliseconds>(local - midnight));
  const auto number = [](auto n, std::size_t width) { return digits(static_cast<std::uint64_t>(n), width); };
  switch (what) {
    case What::year:
      return number(static_cast<int>(date.year()), 4);
    case What::month:
      return number(static_cast<unsigned>(date.month()), 2);
    case What::day:
      return number(static_cast<unsigned>(date.day()), 2);
    case What::hour:
      return number(clock.hours().count(), 2);
    case What::minute:
      return number(clock.minutes().count(), 2);
    case What::second:
      return number(clock.seconds().count(), 2);
    case What::millisecond:
      return number(clock.subseconds().count(), 3);
    default:
      break;
  }
  const char *const colon = what == What::time ? ":" : "-";
  return time_text(What::year, instant, utc_offset) + "-" + time_text(What::month, instant, utc_offset) +
         "-" + time_text(What::day, instant, utc_offset) + "-" + time_text(What::hour, instant, utc_offset) +
         colon + time_text(What::minute, instant, utc_offset) + colon +
         time_text(What::second, instant, utc_offset);
}

// Bytes of the character at the start of `text`, 0 when it is a control character or no UTF-8.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length)
    if (is_printable_utf8(text.substr(0, length))) return length;
  return 0;
}

std::string escape(std::string_view value) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < value.size();) {
    const std::size_t length = character_length(value.substr(i));
    const bool special = std::string_view("\\{}%~").find(value[i]) != std::string_view::npos;
    if (length > 0 && !special && !(i == 0 && value[i] == '.')) {
      out += value.substr(i, length);
      i += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(value[i++]);
    out += {'~', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

Result<std::optional<std::string>> identity_text(const Placeholder &p, const NameFacts &facts) {
  const std::string *value = &facts.record_source;
  if (p.what == What::app) value = &facts.app;
  if (p.what == What::stream) value = &facts.stream;
  if (p.what == What::domain) value = &facts.domain;
  if (p.what == What::record_id) value = &facts.record_id;
  if (p.what == What::random_id) value = &facts.random_id;
  const std::string braced = "{" + std::string(p.name) + "}";
  if (value->empty()) return invalid("the name pattern uses " + braced + ", but that is not known");
  if (*value == "." || *value == ".." || value->find('/') != std::string::npos)
    return invalid(braced + " is '" + escape(*value) + "', which cannot be part of a file name");
  return std::optional(escape(*value));
}

std::optional<std::string> start_text(const Token &token, const NameFacts &facts) {
  const What what = token.placeholder->what;
  if (what == What::sequence) return digits(facts.sequence, token.width);
  if (what == What::unix_timestamp)
    return std::to_string(std::chrono::floor<Seconds>(facts.start).time_since_epoch().count());
  return time_text(what, facts.start, facts.utc_offset);
}

Status check_lengths(std::string_view begun) {
  REC_TRY(const std::string name, end_name(begun, UtcTime{}, Seconds{0}));
  std::size_t part = 0;
  for (const char c : name) {
    part = c == '/' ? 0 : part + 1;
    if (part > kMaxNamePart)
      return invalid("a part of the file name is longer than " + std::to_string(kMaxNamePart) + " bytes");
  }
  return ok();
}

}  // namespace

Status check_pattern(std::string_view pattern) {
  if (pattern.empty()) return invalid("the name pattern is empty");
  const bool control =
      std::any_of(pattern.begin(), pattern.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (control) return invalid("the name pattern contains a control character");
  REC_CHECK(expand(pattern, Percent::keep, [](const Token &) -> Result<std::optional<std::string>> {
    return std::optional<std::string>();
  }));
  return ok();
}

Status check_relative_pattern(std::string_view pattern) {
  REC_CHECK(check_pattern(pattern));
  for (std::string_view rest = pattern;;) {
    const auto slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty())
      return invalid("the name starts or ends with '/' or has an empty part, it must be relative");
    if (part == "." || part == "..") return invalid("the name has a part '" + std::string(part) + "'");
    if (part.find('\\') != std::string_view::npos) return invalid("the name contains '\\'");
    if (slash == std::string_view::npos) return ok();
    rest.remove_prefix(slash + 1);
  }
}

Result<std::string> bind_identity(std::string_view pattern, const NameFacts &facts) {
  return expand(pattern, Percent::keep, [&](const Token &token) -> Result<std::optional<std::string>> {
    if (token.placeholder->when != When::identity) return std::optional<std::string>();
    return identity_text(*token.placeholder, facts);
  });
}

Result<std::string> begin_name(std::string_view pattern, const NameFacts &facts) {
  const auto fill = [&](const Token &token) -> Result<std::optional<std::string>> {
    if (token.placeholder->when == When::identity) return identity_text(*token.placeholder, facts);
    if (token.placeholder->when == When::start) return start_text(token, facts);
    return std::optional<std::string>();
  };
  REC_TRY(std::string begun, expand(pattern, Percent::fill, fill));
  REC_CHECK(check_lengths(begun));
  return begun;
}

Result<std::string> end_name(std::string_view begun, UtcTime end, Seconds utc_offset) {
  return expand(begun, Percent::literal, [&](const Token &token) -> Result<std::optional<std::string>> {
    if (token.placeholder->when != When::end)
      return invalid("{" + std::string(token.placeholder->name) +
                     "} was not filled in when the file was opened");
    return std::optional(time_text(token.placeholder->what, end, utc_offset));
  });
}

Result<std::string> without_end(std::string_view pattern) {
  constexpr std::string_view kSeparators = "_-.+: ";
  std::string out;
  bool after_end = false;  // separators that follow a leading end go with it
  for (std::string_view rest = pattern; !rest.empty();) {
    REC_TRY(const Token token, next_token(rest));
    rest.remove_prefix(token.source.size());
    if (token.placeholder && token.placeholder->when == When::end) {
      while (!out.empty() && kSeparators.find(out.back()) != std::string_view::npos) out.pop_back();
      after_end = true;
      continue;
    }
    std::string_view text = token.source;
    if (after_end && (out.empty() || out.back() == '/'))
      text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
    after_end = after_end && text.empty();
    out += text;
  }
  if (const auto status = check_relative_pattern(out.starts_with('/') ? out.substr(1) : out); !status)
    return invalid("without its end time '" + std::string(pattern) +
                   "' is no name: " + status.error().message);
  return out;
}

}  // namespace rec
