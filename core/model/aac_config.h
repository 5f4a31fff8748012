// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace rec {

// An AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) that says explicitly that the stream is HE-AAC begins with
// object type 5 (SBR) or 29 (PS). ADTS cannot say that, and aacparse (1.22 to 1.28) makes headers that
// nothing reads out of it: ADTS describes the core, and decoders find SBR in the frames.
//
// The configuration of the core of such a stream; nothing when the configuration is another one.
std::optional<std::array<std::uint8_t, 2>> aac_core_config(std::span<const std::uint8_t> config);

}  // namespace rec
