// SPDX-License-Identifier: LGPL-2.1-or-later
// However the bytes of a segment arrive, the same is found in them.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/model/ts_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

bool same(const rec::TsScan &a, const rec::TsScan &b) {
  return a.complete_bytes == b.complete_bytes && a.starts_with_tables == b.starts_with_tables &&
         a.tracks.size() == b.tracks.size() && a.duration() == b.duration() &&
         a.is_segment() == b.is_segment();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  const rec::TsScan whole = rec::scan_ts(bytes);
  if (whole.complete_bytes > size || whole.complete_bytes % rec::kTsPacketSize != 0) std::abort();
  if (whole.duration().count() < 0) std::abort();
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  rec::TsScanner pieces;
  pieces.feed(bytes.first(cut));
  pieces.feed(bytes.subspan(cut));
  if (!same(pieces.result(), whole)) std::abort();
  return 0;
}
