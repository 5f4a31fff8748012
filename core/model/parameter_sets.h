// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace rec {

// H.264 and H.265 frames whose NAL units are preceded by their lengths, and the configuration record that
// goes with them (avcC, ISO/IEC 14496-15 5.3.3.1; hvcC, 8.3.3.1). Both come from outside: what does not parse
// is taken as if it were not there.
enum class NalCodec { h264, h265 };

// Whether the frame brings a parameter set that the configuration does not have.
bool brings_foreign_sets(NalCodec codec, std::span<const std::uint8_t> frame,
                         std::span<const std::uint8_t> config);

// The configuration's parameter sets and then the frame, framed by start codes.
std::string with_start_codes(NalCodec codec, std::span<const std::uint8_t> frame,
                             std::span<const std::uint8_t> config);

}  // namespace rec
