// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/object_key.h"

#include <array>
#include <utility>

namespace rec {
namespace {

constexpr std::size_t kLongestKeyBytes = 1024;
constexpr std::string_view kGrowing = ".growing/";

constexpr std::pair<std::string_view, std::string_view> kContentTypes[] = {
    {".ts", "video/mp2t"}, {".m3u8", "application/vnd.apple.mpegurl"},
    {".mp4", "video/mp4"}, {".flv", "video/x-flv"},
    {".aac", "audio/aac"}, {".mp3", "audio/mpeg"},
    {".m4s", "video/mp4"}, {".json", "application/json"},
};

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string_view without_slashes(std::string_view s) {
  while (s.starts_with('/')) s.remove_prefix(1);
  while (s.ends_with('/')) s.remove_suffix(1);
  return s;
}

// Each part between slashes can be a name.
bool has_sane_parts(std::string_view key) {
  for (;;) {
    const std::size_t slash = key.find('/');
    const std::string_view part = key.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    for (const char c : part)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string key_prefix_of(std::string_view store_uri) {
  const auto authority = store_uri.find("://");
  if (authority == store_uri.npos || store_uri.starts_with("file:")) return {};
  const auto slash = store_uri.find('/', authority + 3);
  return slash == store_uri.npos ? std::string() : std::string(store_uri.substr(slash + 1));
}

Result<std::string> object_key(std::string_view prefix, std::string_view directory, std::string_view path) {
  REC_TRY(const std::string name, object_name(directory, path));
  return key_of_name(prefix, name);
}

Result<std::string> object_name(std::string_view directory, std::string_view path) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  if (path.size() <= directory.size() + 1 || !path.starts_with(directory) || path[directory.size()] != '/')
    return Error{Errc::invalid_argument, std::string(path) + " is not below " + std::string(directory)};
  return std::string(path.substr(directory.size() + 1));
}

std::string name_in_folder(std::string_view name, std::string_view tag) {
  const std::size_t folder = name.rfind('/') + 1;  // 0 where there is none
  return std::string(name.substr(0, folder)).append(tag).append("/").append(name.substr(folder));
}

std::string name_beside(std::string_view name, std::string_view tag) {
  const std::size_t file = name.rfind('/') + 1;
  const std::size_t last = name.rfind('.');
  const std::size_t dot = last == name.npos || last <= file ? name.size() : last;  // ".x" is all stem
  return std::string(name.substr(0, dot)).append("-").append(tag).append(name.substr(dot));
}

Result<std::string> key_of_name(std::string_view prefix, std::string_view name) {
  std::string key(without_slashes(prefix));
  if (!key.empty()) key += '/';
  key += name;
  if (!has_sane_parts(key)) return Error{Errc::invalid_argument, key + " cannot be an object key"};
  if (key.size() > kLongestKeyBytes)
    return Error{Errc::invalid_argument,
                 "object key of " + std::to_string(key.size()) + " bytes, 1024 are allowed"};
  return key;
}

std::string growing_key(std::string_view prefix, std::string_view id, std::string_view extension) {
  std::string key(prefix);
  if (!key.empty()) key += '/';
  return key.append(kGrowing).append(id).append(".").append(extension);
}

bool is_growing_key(std::string_view key) {
  return key.starts_with(kGrowing) || key.find("/" + std::string(kGrowing)) != key.npos;
}

std::string_view content_type_of(std::string_view path) {
  for (const auto &[extension, type] : kContentTypes)
    if (path.ends_with(extension)) return type;
  return "application/octet-stream";
}

std::string percent_encode(std::string_view bytes, bool keep_slash) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c) || (c == '/' && keep_slash)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace rec
