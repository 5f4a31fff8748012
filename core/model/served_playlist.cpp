// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/served_playlist.h"

#include <vector>

namespace rec {
namespace {

using Namer = std::function<std::optional<std::string>(std::string_view uri)>;
constexpr std::string_view kMap = "#EXT-X-MAP:";
constexpr std::string_view kAttribute = "URI=\"";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool has_scheme(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  return colon != std::string_view::npos && colon < uri.find_first_of("/?#");
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part == ".." && !parts.empty())
      parts.pop_back();
    else if (!part.empty() && part != "." && part != "..")
      parts.push_back(part);
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  return out;
}

// A map's line with the other URI; nothing: what it names is not there.
std::optional<std::string> other_map(std::string_view line, const Namer &name) {
  const std::size_t begin = line.find(kAttribute);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t from = begin + kAttribute.size();
  const std::size_t to = line.find('"', from);
  if (to == std::string_view::npos) return std::nullopt;
  const auto other = name(line.substr(from, to - from));
  if (!other) return std::nullopt;
  return std::string(line.substr(0, from)) + *other + std::string(line.substr(to));
}

class Rewriter {
 public:
  Rewriter(bool is_complete, const Namer &name) : is_complete_(is_complete), name_(name) {}

  // False: nothing more is to be said.
  bool take(std::string_view line) {
    if (line.starts_with(kMap)) {
      const auto map = other_map(line, name_);
      has_map_ = map.has_value();
      if (map) waiting_ += *map + "\n";
      return true;
    }
    if (line.starts_with("#EXT-X-ENDLIST")) return say(waiting_ + "#EXT-X-ENDLIST\n");
    if (line.starts_with("#")) {
      if (line.starts_with("#EXT")) waiting_.append(line).append("\n");
      return true;
    }
    if (line.empty()) return true;
    const auto other = has_map_ ? name_(line) : std::nullopt;
    if (other) return say(waiting_ + *other + "\n");
    return is_complete_ && say(waiting_ + "#EXT-X-GAP\nmissing\n");
  }
  std::string text() { return has_segments_ ? std::move(out_) : waiting_; }

 private:
  bool say(const std::string &lines) {
    out_ += lines;
    waiting_.clear();
    has_segments_ = true;
    return true;
  }

  const bool is_complete_;
  const Namer &name_;
  bool has_map_ = true;  // one that is there, or none is needed
  bool has_segments_ = false;
  std::string waiting_;  // tags of the segment to come
  std::string out_;
};

}  // namespace

std::optional<std::string> path_of_uri(std::string_view uri, std::string_view playlist_path) {
  constexpr std::string_view kFile = "file://";
  const bool is_file = uri.starts_with(kFile);
  if (is_file) uri.remove_prefix(kFile.size());
  if (!is_file && has_scheme(uri)) return std::nullopt;
  uri = uri.substr(0, uri.find_first_of("?#"));
  const auto decoded = percent_decoded(uri);
  if (!decoded || decoded->empty() || decoded->find('\0') != std::string::npos) return std::nullopt;
  if (decoded->front() == '/') return without_dots(*decoded);
  if (is_file) return std::nullopt;
  const std::string folder(playlist_path.substr(0, playlist_path.rfind('/') + 1));
  return without_dots(folder + *decoded);
}

std::string served_playlist(std::string_view text, const Namer &name) {
  const bool is_complete = text.find("\n#EXT-X-ENDLIST") != std::string_view::npos;
  Rewriter rewriter(is_complete, name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos && !is_complete) break;  // it is being written
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!rewriter.take(line)) break;
  }
  return rewriter.text();
}

}  // namespace rec
