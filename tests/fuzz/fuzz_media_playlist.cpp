// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever parses must be writable and come back as an equal value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/media_playlist.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const auto first = rec::parse_playlist({reinterpret_cast<const char *>(data), size});
  if (!first) return 0;
  const auto text = rec::write_playlist(*first);
  if (!text) std::abort();
  const auto again = rec::parse_playlist(*text);
  if (!again || !(*again == *first)) std::abort();
  return 0;
}
