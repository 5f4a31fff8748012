// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recorded_spans.h"

#include <algorithm>

namespace rec {

std::vector<RecordedSpan> spans_of(const std::vector<RecordedPiece> &pieces) {
  std::vector<RecordedSpan> spans;
  Nanoseconds played{0};
  for (const RecordedPiece &piece : pieces) {
    const bool is_first = spans.empty();
    const UtcTime before = is_first ? piece.start : spans.back().end;
    const bool has_gap = piece.start - before > kShortestGap;
    if (has_gap) {
      spans.push_back({.has_media = false, .start = before, .end = piece.start, .media_start = played});
    } else if (!is_first && piece.after_break && piece.start > spans.back().start) {
      spans.back().end = std::min(spans.back().end, piece.start);
    }
    if (is_first || has_gap || piece.after_break) {
      const UtcTime start = is_first ? piece.start : std::max(spans.back().end, piece.start);
      spans.push_back({.has_media = true, .start = start, .end = start, .media_start = played});
    }
    spans.back().end = std::max(spans.back().end, piece.end);
    played += piece.duration;
  }
  std::erase_if(spans, [](const RecordedSpan &span) { return span.end <= span.start; });
  return spans;
}

}  // namespace rec
