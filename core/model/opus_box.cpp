// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/opus_box.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

// Type, version, channels, pre-skip (16 bits), input rate (32), gain (16), mapping family, its table.
constexpr std::size_t kPreSkip = 6;
constexpr std::size_t kRate = 8;
constexpr std::size_t kGain = 12;
constexpr std::size_t kShortest = 15;  // behind the box's size
constexpr std::size_t kLongest = 15 + 2 + 255;
constexpr std::uint32_t kHighestRate = 768000;
constexpr std::uint32_t kLongestPreSkip = 5760;  // 120 ms: the longest packet

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

bool is_header(std::span<const std::uint8_t> size, std::span<const std::uint8_t> box) {
  const std::uint32_t length = be32(size);
  return length >= kShortest + 4 && length <= kLongest + 4 && box[4] == 0 && box[5] >= 1;
}

// A rate that encoders know is below 2^20: read the wrong way round it is not, unless it is 0 (unknown).
bool is_swapped(std::span<const std::uint8_t> box) {
  const std::uint32_t rate = be32(box.subspan(kRate));
  return rate == 0 ? be16(box.subspan(kPreSkip)) > kLongestPreSkip : rate > kHighestRate;
}

}  // namespace

std::string with_opus_in_network_order(std::string_view moov) {
  std::string text(moov);
  for (std::size_t at = text.find("dOps", 4); at != std::string::npos; at = text.find("dOps", at + 4)) {
    if (text.size() - at < kShortest) break;
    const auto bytes = bytes_of(text);
    if (!is_header(bytes.subspan(at - 4), bytes.subspan(at)) || !is_swapped(bytes.subspan(at))) continue;
    const auto box = text.begin() + static_cast<std::ptrdiff_t>(at);
    std::reverse(box + kPreSkip, box + kPreSkip + 2);
    std::reverse(box + kRate, box + kRate + 4);
    std::reverse(box + kGain, box + kGain + 2);
  }
  return text;
}

}  // namespace rec
