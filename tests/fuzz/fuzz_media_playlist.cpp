// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever parses must be writable and come back as an equal value; what is read of a torn file is what it
// says before the tear.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/media_playlist.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const auto grown = rec::parse_grown_playlist(bytes);
  const auto first = rec::parse_playlist(bytes);
  if (first && (!grown || grown->bytes != size || !(grown->playlist == *first))) std::abort();
  if (!grown) return 0;
  const auto before = rec::parse_playlist(bytes.substr(0, grown->bytes));
  if (!before || !(*before == grown->playlist)) std::abort();
  if (!first) return 0;
  const auto text = rec::write_playlist(*first);
  if (!text) std::abort();
  const auto again = rec::parse_playlist(*text);
  if (!again || !(*again == *first)) std::abort();
  return 0;
}
