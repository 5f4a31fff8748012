// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "core/model/byte_reader.h"
#include "core/model/container_repair.h"

namespace rec {

// What stands before a box of ISO/IEC 14496-12 (4.2).
struct BoxHeader {
  std::uint32_t type = 0;
  std::uint64_t size = 0;   // of the box with this
  std::uint64_t bytes = 8;  // of this

  std::uint64_t payload() const { return size - bytes; }
};

// Of the box at `at`, which is not behind the end. Nothing when the box is not whole, its size makes no
// sense, or it goes to the end of the file without saying how far that is (size 0).
inline std::optional<BoxHeader> box_header_at(const ByteSource &source, std::uint64_t at) {
  std::array<std::uint8_t, 16> h{};
  const std::uint64_t left = source.size - at;
  const std::size_t bytes = std::min<std::uint64_t>(left, h.size());
  if (bytes < 8 || !source.read(at, std::span(h).first(bytes))) return std::nullopt;
  BoxHeader header{be32(std::span(h).subspan(4)), be32(h)};
  if (header.size == 1 && bytes == 16) {
    header.size = be64(std::span(h).subspan(8));
    header.bytes = 16;
  }
  if (header.size < header.bytes || header.size > left) return std::nullopt;
  return header;
}

}  // namespace rec
