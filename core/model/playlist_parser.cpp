// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/model/media_playlist.h"
#include "core/model/utf8.h"

namespace rec {
namespace {

constexpr std::string_view kOpenSegment = "# gst-recording open segment: ";

constexpr std::size_t kMostTorn = 65536;  // bytes: more than one append ever brings

// What is wrong with a line; empty when nothing is. The line number is added in one place.
using Problem = std::string;

// decimal-integer, RFC 8216 section 4.2: digits only, up to 2^64-1.
std::optional<std::uint64_t> parse_integer(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text[0] == '+' || text.size() > 20) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Exactly `width` digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  const auto value = parse_integer(text.substr(at, width));
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

// A fraction's digits without the point, scaled to `places` digits; further ones are cut off.
std::optional<std::uint64_t> parse_fraction(std::string_view text, std::size_t places) {
  if (text.empty() || text.size() > 18 || !parse_integer(text)) return std::nullopt;
  std::string padded(text.substr(0, places));
  padded.resize(places, '0');
  return parse_integer(padded);
}

// decimal-floating-point or decimal-integer seconds, rounded to microseconds without floating point.
std::optional<PlaylistDuration> parse_duration(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = parse_integer(text.substr(0, point));
  if (!whole || *whole > static_cast<std::uint64_t>(kMaxTargetDuration.count())) return std::nullopt;
  PlaylistDuration duration = Seconds(*whole);
  if (point == std::string_view::npos) return duration;
  const auto nanoseconds = parse_fraction(text.substr(point + 1), 9);
  if (!nanoseconds) return std::nullopt;
  return duration + to_playlist(Nanoseconds(*nanoseconds));
}

// "Z", "+hh:mm" or "+hhmm".
std::optional<std::chrono::minutes> parse_zone(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const bool colon = text.size() == 6 && text[3] == ':';
  if (!colon && text.size() != 5) return std::nullopt;
  const auto hours = digits(text, 1, 2), minutes = digits(text, colon ? 4 : 3, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return text[0] == '-' ? -offset : offset;
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-' || *year < 1970) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// 2026-11-21T09:20:54.125Z, RFC 8216 section 4.3.2.6; finer than milliseconds is cut off.
std::optional<PlaylistTime> parse_time(std::string_view text) {
  const auto day = parse_date(text);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!day || !hour || !minute || !second || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  text.remove_prefix(19);
  std::chrono::milliseconds milliseconds(0);
  if (!text.empty() && text[0] == '.') {
    const auto end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    const auto fraction = parse_fraction(text.substr(1, end - 1), 3);
    if (!fraction) return std::nullopt;
    milliseconds = std::chrono::milliseconds(*fraction);
    text.remove_prefix(end);
  }
  const auto zone = parse_zone(text);
  if (!zone) return std::nullopt;
  const PlaylistTime time = PlaylistTime(*day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                            Seconds(*second) + milliseconds - *zone;
  if (time < PlaylistTime{} || time >= PlaylistTime(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)))
    return std::nullopt;
  return time;
}

// n[@o], RFC 8216 section 4.3.2.2.
std::optional<ByteRange> parse_range(std::string_view text) {
  const auto at = text.find('@');
  const auto length = parse_integer(text.substr(0, at));
  if (!length) return std::nullopt;
  ByteRange range{*length, std::nullopt};
  if (at == std::string_view::npos) return range;
  range.offset = parse_integer(text.substr(at + 1));
  return range.offset ? std::optional(range) : std::nullopt;
}

// Hands every NAME=value or NAME="value" to `take`, which returns a Problem. RFC 8216 section 4.2.
template <typename F>
Problem for_each_attribute(std::string_view text, F take) {
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return "expected NAME=value";
    const auto name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    const bool quoted = !text.empty() && text[0] == '"';
    if (quoted) text.remove_prefix(1);
    const auto end = text.find(quoted ? '"' : ',');
    if (quoted && end == std::string_view::npos) return "a quoted value has no end";
    if (auto why = take(name, text.substr(0, end)); !why.empty()) return why;
    text = end == std::string_view::npos ? std::string_view() : text.substr(quoted ? end + 1 : end);
    if (text.empty()) return {};
    if (text[0] != ',' || text.size() == 1) return "expected ',' and another attribute";
    text.remove_prefix(1);
  }
  return "expected an attribute list";
}

class Parser {
 public:
  Result<MediaPlaylist> parse(std::string_view text);
  // After an error: bytes of the text up to the last line that needs no other after it; 0: not even its
  // header.
  std::size_t complete() const { return complete_; }
  bool read_all() const { return read_all_; }  // no line was wrong in itself

 private:
  Problem first_line(std::string_view text);
  Problem line(std::string_view text);
  Problem tag(std::string_view name, std::string_view value);
  Problem header_tag(std::string_view name, std::string_view value, bool &known);
  Problem segment_tag(std::string_view name, std::string_view value, bool &known);
  Problem set_once(bool &seen, std::string_view value, std::uint64_t most, std::uint64_t &into);
  Problem playlist_type(std::string_view value);
  Problem extinf(std::string_view value);
  Problem map(std::string_view value);
  Problem open_segment(std::string_view value);
  Problem uri(std::string_view text);
  Problem end();

  MediaPlaylist playlist_;
  MediaSegment next_;            // what the tags since the last URI say
  std::optional<MediaMap> map_;  // in force
  bool has_inf_ = false, has_tag_ = false;
  bool read_all_ = false;
  std::size_t complete_ = 0;  // bytes of the text up to the last line that needs no other after it
  bool has_version_ = false, has_target_ = false, has_sequence_ = false, has_discontinuity_sequence_ = false,
       has_type_ = false;
  bool has_discontinuity_ = false, has_decimals_ = false;
  unsigned declared_version_ = 1;
};

Problem Parser::set_once(bool &seen, std::string_view value, std::uint64_t most, std::uint64_t &into) {
  if (std::exchange(seen, true)) return "the tag appears twice";
  const auto number = parse_integer(value);
  if (!number || *number > most) return "expected an integer up to " + std::to_string(most);
  into = *number;
  return {};
}

Problem Parser::playlist_type(std::string_view value) {
  if (std::exchange(has_type_, true)) return "the tag appears twice";
  if (value != "EVENT" && value != "VOD") return "expected EVENT or VOD";
  playlist_.type = value == "VOD" ? PlaylistType::vod : PlaylistType::event;
  return {};
}

// RFC 8216 sections 4.3.1 and 4.3.3.
Problem Parser::header_tag(std::string_view name, std::string_view value, bool &known) {
  std::uint64_t number = 0;
  known = true;
  if (name == "#EXT-X-VERSION") {
    auto why = set_once(has_version_, value, 100, number);
    declared_version_ = static_cast<unsigned>(number);
    return why;
  }
  if (name == "#EXT-X-TARGETDURATION") {
    auto why = set_once(has_target_, value, static_cast<std::uint64_t>(kMaxTargetDuration.count()), number);
    playlist_.target_duration = Seconds(number);
    return why;
  }
  if (name == "#EXT-X-MEDIA-SEQUENCE") {
    if (!playlist_.segments.empty()) return "the tag must precede the first segment";
    return set_once(has_sequence_, value, UINT64_MAX, playlist_.media_sequence);
  }
  if (name == "#EXT-X-DISCONTINUITY-SEQUENCE") {
    if (!playlist_.segments.empty() || has_discontinuity_)
      return "the tag must precede the first segment and any EXT-X-DISCONTINUITY";
    return set_once(has_discontinuity_sequence_, value, UINT64_MAX, playlist_.discontinuity_sequence);
  }
  if (name == "#EXT-X-PLAYLIST-TYPE") return playlist_type(value);
  known = false;
  return {};
}

Problem Parser::extinf(std::string_view value) {
  const auto comma = value.find(',');
  if (std::exchange(has_inf_, true)) return "a second EXTINF for one segment";
  if (comma == std::string_view::npos) return "expected EXTINF:<seconds>,[<title>]";
  const auto duration = parse_duration(value.substr(0, comma));
  if (!duration) return "expected a duration in seconds";
  has_decimals_ |= value.substr(0, comma).find('.') != std::string_view::npos;
  next_.duration = *duration;
  next_.title = value.substr(comma + 1);
  return {};
}

Problem Parser::map(std::string_view value) {
  MediaMap map;
  auto why = for_each_attribute(value, [&](std::string_view name, std::string_view v) -> Problem {
    if (name == "URI") return map.uri = v, Problem();
    if (name != "BYTERANGE") return "attribute '" + std::string(name) + "' would be lost";
    map.range = parse_range(v);
    return map.range ? Problem() : "expected BYTERANGE=\"<length>@<offset>\"";
  });
  map_ = std::move(map);
  return why;
}

// RFC 8216 section 4.3.2.
Problem Parser::segment_tag(std::string_view name, std::string_view value, bool &known) {
  known = has_tag_ = true;
  if (name == "#EXTINF") return extinf(value);
  if (name == "#EXT-X-MAP") return map(value);
  if (name == "#EXT-X-BYTERANGE") {
    if (next_.range) return "the tag appears twice for one segment";
    next_.range = parse_range(value);
    return next_.range ? Problem() : "expected <length>[@<offset>]";
  }
  if (name == "#EXT-X-PROGRAM-DATE-TIME") {
    if (next_.program_date_time) return "the tag appears twice for one segment";
    next_.program_date_time = parse_time(value);
    return next_.program_date_time ? Problem() : "expected YYYY-MM-DDThh:mm:ss.sssZ";
  }
  known = false;
  return {};
}

Problem open_attribute(OpenSegment &open, std::string_view name, std::string_view value) {
  if (name == "URI") return open.uri = value, Problem();
  if (name == "DISCONTINUITY" && value == "YES") return open.discontinuity = true, Problem();
  if (name == "MAP-URI") return open.map.emplace().uri = value, Problem();
  if (name == "MAP-BYTERANGE") {
    if (!open.map) return "MAP-BYTERANGE comes after MAP-URI";
    open.map->range = parse_range(value);
    return open.map->range ? Problem() : "expected MAP-BYTERANGE=\"<length>@<offset>\"";
  }
  if (name != "PROGRAM-DATE-TIME") return "unknown attribute '" + std::string(name) + "'";
  open.program_date_time = parse_time(value);
  return open.program_date_time ? Problem() : "expected YYYY-MM-DDThh:mm:ss.sssZ";
}

Problem Parser::open_segment(std::string_view value) {
  OpenSegment open;
  auto why = for_each_attribute(
      value, [&](std::string_view name, std::string_view v) { return open_attribute(open, name, v); });
  playlist_.open = std::move(open);
  return why;
}

Problem Parser::uri(std::string_view text) {
  if (!has_inf_) return "a segment without EXTINF";
  if (!has_target_) return "a segment before EXT-X-TARGETDURATION";
  if (playlist_.segments.size() >= kMaxPlaylistSegments) return "too many segments";
  next_.uri = text;
  next_.map = map_;
  const MediaSegment *previous = playlist_.segments.empty() ? nullptr : &playlist_.segments.back();
  if (auto why = violation(playlist_.target_duration, previous, next_); !why.empty()) return why;
  playlist_.segments.push_back(std::exchange(next_, {}));
  playlist_.open.reset();
  has_inf_ = has_tag_ = false;
  return {};
}

Problem Parser::tag(std::string_view name, std::string_view value) {
  if (name == "#EXT-X-DISCONTINUITY" || name == "#EXT-X-ENDLIST" || name == "#EXT-X-INDEPENDENT-SEGMENTS" ||
      name == "#EXT-X-GAP") {
    if (value.data()) return "the tag has no value";
    if (name == "#EXT-X-GAP") return has_tag_ = next_.gap = true, Problem();
    if (name == "#EXT-X-ENDLIST") return playlist_.end_list = true, Problem();
    if (name == "#EXT-X-INDEPENDENT-SEGMENTS") return playlist_.independent_segments = true, Problem();
    has_tag_ = has_discontinuity_ = next_.discontinuity = true;
    return {};
  }
  bool known = false;
  auto why = header_tag(name, value, known);
  if (!known) why = segment_tag(name, value, known);
  return known ? why : "tag '" + std::string(name.substr(0, 80)) + "' is not supported";
}

Problem Parser::first_line(std::string_view text) {
  return text == "#EXTM3U" ? Problem() : "expected #EXTM3U";
}

Problem Parser::line(std::string_view text) {
  if (!is_printable_utf8(text)) return "not UTF-8 without control characters";
  if (text.empty()) return {};
  if (text.starts_with(kOpenSegment)) return open_segment(text.substr(kOpenSegment.size()));
  if (text[0] != '#') return uri(text);
  if (!text.starts_with("#EXT")) return {};
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  auto why = tag(name, colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  return why.empty() ? why : std::string(name.substr(0, 80)) + ": " + why;
}

Problem Parser::end() {
  if (has_inf_ || has_tag_) return "tags at the end without a segment";
  if (!has_target_) return "EXT-X-TARGETDURATION is missing";
  const bool simple = std::none_of(playlist_.segments.begin(), playlist_.segments.end(),
                                   [](const auto &s) { return s.map || s.range || s.gap; });
  const unsigned needed = simple && !has_decimals_ ? 1 : required_version(playlist_);
  if (declared_version_ < needed)
    return "EXT-X-VERSION is " + std::to_string(declared_version_) + ", the tags used need " +
           std::to_string(needed);
  playlist_.version = std::max(declared_version_, required_version(playlist_));
  return violation(playlist_);
}

Result<MediaPlaylist> Parser::parse(std::string_view text) {
  if (text.size() > kMaxPlaylistBytes) return Error{Errc::corrupt, "the playlist is too large"};
  if (text.empty()) return Error{Errc::corrupt, "the playlist is empty"};
  std::size_t number = 0, at = 0;
  const auto problem = [&](const std::string &why) {
    return Error{Errc::corrupt, "line " + std::to_string(number) + ": " + why};
  };
  while (at < text.size()) {
    ++number;
    const auto feed = text.find('\n', at);
    if (feed == std::string_view::npos) return problem("the line has no end: the file is cut short");
    auto content = text.substr(at, feed - at);
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (auto why = number == 1 ? first_line(content) : line(content); !why.empty()) return problem(why);
    at = feed + 1;
    if (has_target_ && !has_inf_ && !has_tag_) complete_ = at;
  }
  read_all_ = true;
  if (auto why = end(); !why.empty()) return problem(why);
  return std::move(playlist_);
}

// Whether lines are what an append left that was never finished: the rest of them is missing, or the file's
// length arrived before its bytes.
bool is_torn(std::string_view lines, bool readable) {
  if (lines.size() > kMostTorn) return false;
  return readable || !lines.ends_with('\n') || lines.find('\0') != std::string_view::npos;
}

}  // namespace

Result<MediaPlaylist> parse_playlist(std::string_view text) { return Parser().parse(text); }

Result<GrownText> parse_grown_playlist(std::string_view text) {
  Parser parser;
  auto all = parser.parse(text);
  if (all) return GrownText{*std::move(all), text.size()};
  const std::size_t complete = parser.complete();
  if (complete == 0 || !is_torn(text.substr(complete), parser.read_all())) return std::move(all).error();
  REC_TRY(MediaPlaylist before, parse_playlist(text.substr(0, complete)));
  return GrownText{std::move(before), complete};
}

}  // namespace rec
