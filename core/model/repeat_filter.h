// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>

#include "core/model/trail.h"

namespace rec {

// Recognises what a publisher, or a server with a cache, sends again after an interruption: frames with the
// bytes and the time of frames that the trail has.
//
// The first keyframe decides for everything that follows it (without video the first frame): if it was
// recorded already, or follows directly on what was, this is the line of time of the trail, and what is in
// the trail is a repeat. Else it is another one, and frames that look the same are not: silence looks like
// silence.
//
// What begins with the very frame that a push began with which has ended is the same programme played once
// more, a file for instance, and no repeat.
class RepeatFilter {
 public:
  // What comes now comes after an interruption, and may be in the trail.
  void arm(const Trail &trail);
  // Whether is_repeat() has anything to look for: else no frame needs a digest for it.
  bool may_find(const Trail &trail) const;
  // `leads`: a frame of the kind that decides. Before anything of it is added to the trail.
  bool is_repeat(const Trail &trail, const TrailFrame &frame, bool leads);
  // Whether the frame that is recorded next is the first one of a line of its own (TrailFrame::begins).
  bool begins_line() const { return verdict_ == Verdict::another_line && !recorded_; }
  void recorded() { recorded_ = true; }

 private:
  enum class Verdict { none, same_line, another_line };

  Verdict decide(const Trail &trail, const TrailFrame &frame) const;

  Verdict verdict_ = Verdict::another_line;
  bool recorded_ = false;    // something since arm()
  std::uint64_t until_ = 0;  // frames that the trail had then
};

}  // namespace rec
