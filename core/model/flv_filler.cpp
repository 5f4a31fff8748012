// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_filler.h"

#include <algorithm>

namespace rec {
namespace {

// An AMF0 property: length of the name, name, type 2 (string), length, bytes.
constexpr std::string_view kKey("\x00\x09gstfiller\x02", 12);
constexpr std::size_t kHead = kKey.size() + 2;
constexpr std::size_t kLongest = 1000;  // of a string, so that every demuxer reads it

std::string entry(std::size_t size) {
  const std::size_t length = size - kHead;
  std::string text(kKey);
  text += static_cast<char>(length >> 8);
  text += static_cast<char>(length & 0xff);
  return text.append(length, ' ');
}

}  // namespace

std::string with_short_flv_filler(std::string_view metadata) {
  const std::size_t at = metadata.find(kKey);
  if (at == std::string_view::npos || metadata.size() - at < kHead) return std::string(metadata);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(metadata[i]); };
  const std::size_t length = std::size_t{byte(at + kKey.size())} << 8 | byte(at + kKey.size() + 1);

  std::string text(metadata.substr(0, at));
  text += flv_filler(kHead + length);
  const std::size_t after = at + kHead + length;
  if (after < metadata.size()) text += metadata.substr(after);
  return text;
}

std::string flv_filler(std::size_t size) {
  std::string text;
  while (size > kHead + kLongest) {
    const std::size_t part = std::min(kHead + kLongest, size - kHead);  // what remains is an entry as well
    text += entry(part);
    size -= part;
  }
  return text + entry(size);
}

FlvFiller find_flv_filler(std::string_view metadata) {
  FlvFiller filler;
  filler.at = metadata.find(kKey);
  if (filler.at == std::string_view::npos) return {};
  std::string_view rest = metadata.substr(filler.at);
  while (rest.starts_with(kKey) && rest.size() >= kHead) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
    const std::size_t size = kHead + (std::size_t{byte(kKey.size())} << 8 | byte(kKey.size() + 1));
    if (size > rest.size()) break;
    filler.size += size;
    rest.remove_prefix(size);
  }
  return filler.size > 0 ? filler : FlvFiller{};
}

}  // namespace rec
