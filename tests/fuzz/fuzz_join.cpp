// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a part of a joined file, and as both: what is planned lies inside the parts, and what is
// written is as long as was planned.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/model/flv_join.h"
#include "core/model/mp4_join.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const auto read = [data, size](std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > size || out.size() > size - offset) return false;
    std::copy_n(data + offset, out.size(), out.begin());
    return true;
  };
  const std::array<rec::ByteSource, 2> parts = {rec::ByteSource{size, read}, rec::ByteSource{size, read}};
  if (const auto flv = rec::plan_flv_join(parts)) {
    std::uint64_t written = flv->head.size();
    const auto written_whole = rec::write_flv_join(*flv, parts, [&](std::string_view bytes) {
      written += bytes.size();
      return rec::ok();
    });
    if (!written_whole || written != flv->media.size_bytes) std::abort();
    if (flv->media.duration.count() < 0) std::abort();
  }
  if (const auto mp4 = rec::plan_mp4_join(parts)) {
    for (const auto &piece : mp4->pieces)
      if (piece.begin > size || piece.bytes > size - piece.begin) std::abort();
    if (mp4->media.duration.count() < 0) std::abort();
  }
  return 0;
}
