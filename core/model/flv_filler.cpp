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
  std::size_t left = kHead + length;
  while (left > kHead + kLongest) {
    const std::size_t size = std::min(kHead + kLongest, left - kHead);  // what remains is an entry as well
    text += entry(size);
    left -= size;
  }
  text += entry(left);
  const std::size_t after = at + kHead + length;
  if (after < metadata.size()) text += metadata.substr(after);
  return text;
}

}  // namespace rec
