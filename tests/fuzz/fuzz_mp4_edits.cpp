// SPDX-License-Identifier: LGPL-2.1-or-later
// A muxer's header, mutilated: it comes back as it is or with edit lists, never shorter.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/mp4_edits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using std::chrono::milliseconds;
  const std::string_view moov(reinterpret_cast<const char *>(data), size);
  const std::string text = rec::with_edit_lists(
      moov, {{true, milliseconds(80), milliseconds(0)}, {false, milliseconds(20), milliseconds(20)}});
  if (text != moov && text.find("elst") == std::string::npos) std::abort();
  return 0;
}
