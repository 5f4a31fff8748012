// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/hls_lint.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

namespace rec::test {
namespace {

using Set = std::set<std::string>;

// Tags of a Multivariant Playlist (4.3.4) must not be in a Media Playlist.
const Set kForeign = {"#EXT-X-MEDIA", "#EXT-X-STREAM-INF", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-DATA",
                      "#EXT-X-SESSION-KEY"};
const Set kOnce = {"#EXT-X-VERSION",
                   "#EXT-X-TARGETDURATION",
                   "#EXT-X-MEDIA-SEQUENCE",
                   "#EXT-X-PLAYLIST-TYPE",
                   "#EXT-X-DISCONTINUITY-SEQUENCE",
                   "#EXT-X-ENDLIST",
                   "#EXT-X-INDEPENDENT-SEGMENTS",
                   "#EXTM3U"};
const Set kBeforeSegments = {"#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"};

bool is_integer(const std::string &text) {
  return !text.empty() && text.size() <= 20 && text.find_first_not_of("0123456789") == std::string::npos;
}

// ISO 8601 with a zone; section 4.3.2.6.
bool is_date(const std::string &text) {
  static const std::regex form(
      R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:?\d\d))");
  return std::regex_match(text, form);
}

class Linter {
 public:
  explicit Linter(const std::function<bool(const std::string &)> &exists) : exists_(exists) {}

  LintedPlaylist lint(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) complain("a byte order mark (4.1)");
    if (!text.starts_with("#EXTM3U\n") && !text.starts_with("#EXTM3U\r\n"))
      complain("no #EXTM3U first (4.3.1.1)");
    while (!text.empty()) {
      ++number_;
      const auto feed = text.find('\n');
      if (feed == std::string_view::npos) complain("the last line has no end: torn");
      std::string content(text.substr(0, feed));
      text.remove_prefix(feed == std::string_view::npos ? text.size() : feed + 1);
      if (content.ends_with('\r')) content.pop_back();
      line(content);
    }
    finish();
    return std::move(playlist_);
  }

 private:
  void complain(const std::string &what) {
    playlist_.complaints.push_back("line " + std::to_string(number_) + ": " + what);
  }

  void line(const std::string &content) {
    for (const char c : content)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return complain("a control character (4.1)");
    if (content.empty() || (content[0] == '#' && !content.starts_with("#EXT"))) return;
    if (playlist_.end_list && content[0] != '#') complain("a segment after EXT-X-ENDLIST (4.3.3.4)");
    if (content[0] != '#') return uri(content);
    const auto colon = content.find(':');
    tag(content.substr(0, colon), colon == std::string::npos ? "" : content.substr(colon + 1));
  }

  void tag(const std::string &name, const std::string &value) {
    if (kForeign.contains(name)) complain(name + " is for multivariant playlists (4.3.4)");
    if (kOnce.contains(name) && !seen_.insert(name).second) complain(name + " twice");
    if (kBeforeSegments.contains(name) && (!playlist_.segments.empty() || in_segment_))
      complain(name + " after a segment (4.3.3)");
    if (name == "#EXT-X-VERSION") return integer(name, value, playlist_.version);
    if (name == "#EXT-X-TARGETDURATION") return integer(name, value, playlist_.target_duration);
    if (name == "#EXT-X-MEDIA-SEQUENCE") return integer(name, value, playlist_.media_sequence);
    if (name == "#EXT-X-DISCONTINUITY-SEQUENCE")
      return integer(name, value, playlist_.discontinuity_sequence);
    if (name == "#EXT-X-ENDLIST") playlist_.end_list = true;
    if (name == "#EXT-X-PLAYLIST-TYPE") {
      playlist_.type = value;
      if (value != "EVENT" && value != "VOD") complain("neither EVENT nor VOD (4.3.3.5)");
    }
    segment_tag(name, value);
  }

  void segment_tag(const std::string &name, const std::string &value) {
    if (name == "#EXT-X-DISCONTINUITY") {
      if (next_.discontinuity) complain("EXT-X-DISCONTINUITY twice for one segment");
      next_.discontinuity = true;
    } else if (name == "#EXTINF") {
      extinf(value);
    } else if (name == "#EXT-X-GAP") {
      need(8, "EXT-X-GAP");
      next_.gap = true;
    } else if (name == "#EXT-X-BYTERANGE") {
      need(4, "EXT-X-BYTERANGE");
    } else if (name == "#EXT-X-MAP") {
      static const std::regex form(R"re(URI="([^"]+)"(,BYTERANGE="\d+@\d+")?)re");
      std::smatch m;
      if (!std::regex_match(value, m, form))
        complain("EXT-X-MAP without URI (4.3.2.5)");
      else if (exists_ && !exists_(m[1]))
        complain("map '" + m[1].str() + "' does not exist");
      need(6, "EXT-X-MAP");
      map_ = value;
    } else if (name == "#EXT-X-PROGRAM-DATE-TIME") {
      if (!next_.date.empty()) complain("EXT-X-PROGRAM-DATE-TIME twice for one segment");
      next_.date = value;
      if (!is_date(value)) complain("no ISO 8601 time with a zone (4.3.2.6)");
    } else {
      return;
    }
    in_segment_ = true;
  }

  void integer(const std::string &name, const std::string &value, std::uint64_t &into) {
    if (!is_integer(value)) return complain(name + ": not a decimal integer (4.2)");
    into = std::strtoull(value.c_str(), nullptr, 10);
  }

  void extinf(const std::string &value) {
    static const std::regex form(R"((\d+)(\.\d+)?,.*)");
    std::smatch m;
    if (has_inf_) complain("EXTINF twice for one segment");
    has_inf_ = true;
    if (!std::regex_match(value, m, form)) return complain("EXTINF without number or comma (4.3.2.1)");
    if (m[2].matched) need(3, "an EXTINF with decimals");
    next_.duration = std::stod(m[1].str() + m[2].str());
  }

  // Section 7.
  void need(std::uint64_t version, const std::string &what) {
    if (version > needed_) needed_ = version, needed_for_ = what;
  }

  void uri(const std::string &text) {
    if (!has_inf_) complain("a segment without EXTINF (4.3.2.1)");
    next_.uri = text;
    next_.map = map_;
    if (std::llround(next_.duration) > static_cast<long long>(playlist_.target_duration))
      complain("EXTINF is longer than EXT-X-TARGETDURATION (4.3.3.1)");
    if (!playlist_.segments.empty() && playlist_.segments.back().map != map_ && !next_.discontinuity)
      complain("another EXT-X-MAP without EXT-X-DISCONTINUITY: players keep the first one");
    if (!next_.gap && exists_ && !exists_(text)) complain("segment '" + text + "' does not exist");
    playlist_.segments.push_back(next_);
    next_ = {};
    has_inf_ = in_segment_ = false;
  }

  void finish() {
    number_ = 0;
    if (has_inf_ || in_segment_) complain("tags at the end without a segment");
    if (!seen_.contains("#EXT-X-TARGETDURATION")) complain("no EXT-X-TARGETDURATION (4.3.3.1)");
    if (playlist_.version < needed_)
      complain("EXT-X-VERSION is " + std::to_string(playlist_.version) + ", but " + needed_for_ + " needs " +
               std::to_string(needed_) + " (7)");
    if (playlist_.type == "VOD" && !playlist_.end_list) complain("VOD without EXT-X-ENDLIST");
    if (!playlist_.type.empty() && playlist_.media_sequence != 0)
      complain("segments were removed from an EVENT or VOD playlist (6.2.2)");
  }

  const std::function<bool(const std::string &)> &exists_;
  LintedPlaylist playlist_;
  LintedSegment next_;
  std::string map_;
  Set seen_;
  std::size_t number_ = 0;
  std::uint64_t needed_ = 1;
  std::string needed_for_;
  bool has_inf_ = false, in_segment_ = false;
};

}  // namespace

LintedPlaylist lint_playlist(std::string_view text, const std::function<bool(const std::string &)> &exists) {
  return Linter(exists).lint(text);
}

std::vector<std::string> lint_change(const LintedPlaylist &before, const LintedPlaylist &after) {
  std::vector<std::string> complaints;
  const auto complain = [&](const std::string &what) { complaints.push_back(what); };
  if (before.end_list && (!after.end_list || after.segments != before.segments))
    complain("it changed after EXT-X-ENDLIST (6.2.1)");
  if (after.target_duration != before.target_duration) complain("EXT-X-TARGETDURATION changed (6.2.1)");
  if (after.version < before.version) complain("EXT-X-VERSION fell");
  if (after.media_sequence < before.media_sequence)
    return complain("EXT-X-MEDIA-SEQUENCE went back (6.2.2)"), complaints;
  if (before.type == "EVENT" && after.type.empty()) complain("an EVENT playlist lost its type");
  const std::uint64_t removed = after.media_sequence - before.media_sequence;
  if (removed > 0 && !before.type.empty()) complain("a segment was removed from an EVENT playlist (6.2.2)");
  std::uint64_t discontinuities = before.discontinuity_sequence;
  for (std::uint64_t i = 0; i < removed && i < before.segments.size(); ++i)
    discontinuities += before.segments[i].discontinuity ? 1 : 0;
  if (removed <= before.segments.size() && after.discontinuity_sequence != discontinuities)
    complain("EXT-X-DISCONTINUITY-SEQUENCE is " + std::to_string(after.discontinuity_sequence) + " and not " +
             std::to_string(discontinuities) + " (6.2.2)");
  for (std::size_t i = removed; i < before.segments.size(); ++i) {
    if (i - removed >= after.segments.size())
      return complain("segments vanished from the end (6.2.1)"), complaints;
    if (!(after.segments[i - removed] == before.segments[i]))
      complain("segment '" + before.segments[i].uri + "' changed (6.2.1)");
  }
  return complaints;
}

bool uri_exists(const std::string &playlist_path, const std::string &uri) {
  if (uri.find("://") != std::string::npos) return true;
  std::string file;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size()) {
      file += static_cast<char>(std::stoi(uri.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      file += uri[i];
    }
  }
  return std::filesystem::exists(std::filesystem::path(playlist_path).parent_path() / file);
}

}  // namespace rec::test
