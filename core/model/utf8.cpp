// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/utf8.h"

#include <cstddef>
#include <cstdint>

namespace rec {
namespace {

// Bytes of the sequence that `lead` opens; 0 when it opens none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // continuation byte, or an overlong form
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

bool is_allowed(std::uint32_t c, std::size_t length) {
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;  // controls
  if (c >= 0xd800 && c < 0xe000) return false;            // surrogates
  return c >= kLeast[length] && c <= 0x10ffff;
}

}  // namespace

bool is_printable_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = sequence_length(lead);
    if (length == 0 || length > text.size()) return false;
    std::uint32_t c = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if ((byte & 0xc0) != 0x80) return false;
      c = c << 6 | (byte & 0x3f);
    }
    if (!is_allowed(c, length)) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace rec
