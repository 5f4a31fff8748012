// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/segment_scan.h"

#include <algorithm>

#include "core/model/cmaf_scan.h"
#include "core/model/ts_scan.h"

namespace rec {
namespace {

constexpr std::uint64_t kChunk = std::uint64_t{1} << 18;

template <typename Scan>
std::optional<FoundSegment> found(const Scan &scan) {
  if (!scan.is_segment()) return std::nullopt;
  FoundSegment segment{scan.complete_bytes, scan.duration(), 0, 0};
  for (const auto &track : scan.tracks)
    (track.is_video ? segment.video_frames : segment.audio_frames) += track.frames;
  return segment;
}

}  // namespace

std::optional<FoundSegment> scan_segment(SegmentFormat format, const ByteSource &source) {
  if (format == SegmentFormat::cmaf) return found(scan_cmaf(source));
  TsScanner scanner;
  std::vector<std::uint8_t> chunk;
  for (std::uint64_t at = 0; at < source.size; at += chunk.size()) {
    chunk.resize(std::min(kChunk, source.size - at));
    if (!source.read(at, chunk)) return std::nullopt;
    scanner.feed(chunk);
  }
  return found(scanner.result());
}

}  // namespace rec
