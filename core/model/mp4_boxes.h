// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "core/model/byte_reader.h"

// Boxes of ISO/IEC 14496-12, out of untrusted bytes and into new ones.
namespace rec {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t fourcc(std::string_view t) {
  return (std::uint32_t{static_cast<std::uint8_t>(t[0])} << 24) |
         (std::uint32_t{static_cast<std::uint8_t>(t[1])} << 16) |
         (std::uint32_t{static_cast<std::uint8_t>(t[2])} << 8) | static_cast<std::uint8_t>(t[3]);
}

// Calls visit(type, payload) for each box in `bytes`; stops at one that does not fit.
template <typename Visit>
void each_box(Bytes bytes, Visit visit) {
  while (bytes.size() >= 8) {
    std::uint64_t size = be32(bytes);
    const std::uint32_t type = be32(bytes.subspan(4));
    std::size_t header = 8;
    if (size == 1 && bytes.size() >= 16) {
      size = be64(bytes.subspan(8));
      header = 16;
    }
    if (size < header || size > bytes.size()) return;
    visit(type, bytes.subspan(header, size - header));
    bytes = bytes.subspan(size);
  }
}

// The payload of the first box of this type below `path`; empty when there is none.
inline Bytes find_box(Bytes bytes, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    Bytes found;
    each_box(bytes, [&](std::uint32_t type, Bytes payload) {
      if (type == fourcc(name) && found.empty()) found = payload;
    });
    bytes = found;
  }
  return bytes;
}

inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}
inline void put32(std::string &to, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(v >> shift);
}
inline void put64(std::string &to, std::uint64_t v) {
  put32(to, static_cast<std::uint32_t>(v >> 32));
  put32(to, static_cast<std::uint32_t>(v));
}
// `payload` is below 4 GiB.
inline std::string box_of(std::uint32_t type, std::string_view payload) {
  std::string box;
  box.reserve(8 + payload.size());
  put32(box, static_cast<std::uint32_t>(8 + payload.size()));
  put32(box, type);
  return box.append(payload);
}

}  // namespace rec
