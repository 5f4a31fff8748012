// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a crash left: a plan stays inside the file, and what it leaves needs no further repair of its
// length.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/model/container_repair.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using rec::Format;
  const auto read = [data, size](std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > size || out.size() > size - offset) return false;
    std::copy_n(data + offset, out.size(), out.begin());
    return true;
  };
  for (const Format format : {Format::flv, Format::mp4, Format::aac, Format::mp3}) {
    const auto plan = rec::plan_repair(format, {size, read});
    if (!plan) continue;
    if (plan->keep_bytes > size) std::abort();
    for (const auto &patch : plan->patches)
      if (patch.offset > plan->keep_bytes || patch.bytes.size() > plan->keep_bytes - patch.offset)
        std::abort();
    if (plan->duration.count() < 0) std::abort();
  }
  return 0;
}
