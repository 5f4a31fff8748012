// SPDX-License-Identifier: LGPL-2.1-or-later
// What a torn segment is cut to holds exactly what was found in it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/model/cmaf_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

rec::CmafScan scan(std::span<const std::uint8_t> bytes) {
  return rec::scan_cmaf({bytes.size(), [bytes](std::uint64_t at, std::span<std::uint8_t> out) {
                           if (at > bytes.size() || out.size() > bytes.size() - at) return false;
                           std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), out.size(),
                                       out.begin());
                           return true;
                         }});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  const rec::CmafScan whole = scan(bytes);
  if (whole.complete_bytes > size || whole.duration().count() < 0) std::abort();
  if (whole.is_segment() && whole.complete_bytes == 0) std::abort();
  const rec::CmafScan kept = scan(bytes.first(whole.complete_bytes));
  if (kept.complete_bytes != whole.complete_bytes || kept.duration() != whole.duration()) std::abort();
  if (kept.is_segment() != whole.is_segment() || kept.tracks.size() != whole.tracks.size()) std::abort();
  return 0;
}
