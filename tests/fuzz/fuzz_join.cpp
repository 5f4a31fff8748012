// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a part of a joined file, and as both, whole and cut: what is planned lies inside the parts,
// and what is written is as long as was planned.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/model/flv_join.h"
#include "core/model/mp4_join.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

void check(const rec::Result<rec::FlvJoin> &flv, std::span<const rec::ByteSource> parts) {
  if (!flv) return;
  std::uint64_t written = flv->head.size();
  const auto written_whole = rec::write_flv_join(*flv, parts, [&](std::string_view bytes) {
    written += bytes.size();
    return rec::ok();
  });
  if (!written_whole || written != flv->media.size_bytes) std::abort();
  if (flv->media.duration.count() < 0) std::abort();
}

void check(const rec::Result<rec::Mp4Join> &mp4, std::size_t size) {
  if (!mp4) return;
  for (const auto &piece : mp4->pieces)
    if (piece.begin > size || piece.bytes > size - piece.begin) std::abort();
  if (mp4->media.duration.count() < 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const auto read = [data, size](std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > size || out.size() > size - offset) return false;
    std::copy_n(data + offset, out.size(), out.begin());
    return true;
  };
  const rec::ByteSource all{size, read};
  const std::array<rec::ByteSource, 2> parts = {all, all};
  check(rec::plan_flv_join(parts), parts);
  check(rec::plan_mp4_join(parts), size);
  const rec::Nanoseconds from = std::chrono::milliseconds(300), to = std::chrono::seconds(2);
  const std::array<rec::FlvRange, 2> flv = {rec::FlvRange{all, from, {}}, rec::FlvRange{all, {}, to}};
  check(rec::plan_flv_join(flv), parts);
  const std::array<rec::Mp4Range, 2> mp4 = {rec::Mp4Range{all, from, {}}, rec::Mp4Range{all, {}, to}};
  check(rec::plan_mp4_join(mp4), size);
  return 0;
}
