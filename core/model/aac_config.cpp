// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/aac_config.h"

#include "core/model/byte_reader.h"

namespace rec {
namespace {

constexpr unsigned kSbr = 5;
constexpr unsigned kPs = 29;
constexpr unsigned kEscapedType = 31;
constexpr unsigned kEscapedRate = 15;

}  // namespace

std::optional<std::array<std::uint8_t, 2>> aac_core_config(std::span<const std::uint8_t> config) {
  if (config.size() < 4) return std::nullopt;
  const std::uint32_t bits = be32(config);
  const auto field = [&](unsigned at, unsigned width) {
    return bits >> (32 - at - width) & ((1u << width) - 1);
  };
  const unsigned type = field(0, 5);
  const unsigned rate = field(5, 4);
  const unsigned channels = field(9, 4);
  const unsigned extension_rate = field(13, 4);
  const unsigned core_type = field(17, 5);
  if (type != kSbr && type != kPs) return std::nullopt;
  if (rate == kEscapedRate || extension_rate == kEscapedRate || core_type == kEscapedType)
    return std::nullopt;
  const unsigned core = core_type << 11 | rate << 7 | channels << 3 | field(22, 3);
  return std::array<std::uint8_t, 2>{static_cast<std::uint8_t>(core >> 8),
                                     static_cast<std::uint8_t>(core & 0xff)};
}

}  // namespace rec
