// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/repeat_filter.h"

namespace rec {
void RepeatFilter::arm(const Trail &trail) {
  verdict_ = trail.empty() ? Verdict::another_line : Verdict::none;
  recorded_ = false;
  until_ = trail.total();
}

RepeatFilter::Verdict RepeatFilter::decide(const Trail &trail, const TrailFrame &frame) const {
  if (const TrailFrame *same = trail.find(frame, until_))
    return same->begins ? Verdict::another_line : Verdict::same_line;
  return trail.goes_on_at(frame.kind, frame.time) ? Verdict::same_line : Verdict::another_line;
}

bool RepeatFilter::may_find(const Trail &trail) const {
  const bool remembers = trail.total() - trail.size() < until_;  // a frame from before arm()
  return verdict_ == Verdict::none || (verdict_ == Verdict::same_line && remembers);
}

bool RepeatFilter::is_repeat(const Trail &trail, const TrailFrame &frame, bool leads) {
  if (verdict_ == Verdict::none && leads && frame.keyframe) verdict_ = decide(trail, frame);
  return verdict_ == Verdict::same_line && trail.find(frame, until_);
}

}  // namespace rec
