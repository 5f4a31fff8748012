// SPDX-License-Identifier: LGPL-2.1-or-later
// The muxer has counted the bytes of a fragment's head: as many must come back, and nothing is completed
// twice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/mp4_fragment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string once = rec::with_whole_runs({reinterpret_cast<const char *>(data), size});
  if (once.size() != size) std::abort();
  if (rec::with_whole_runs(once) != once) std::abort();
  return 0;
}
