// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/base/clock.h"

namespace rec {

// When a file is closed and the next one begun (spec 3.3): at the first place where a file may begin, at or
// after the limit. Files are therefore never shorter than the cycle, and longer by less than one GOP.
struct CutRule {
  Nanoseconds cycle{0};  // 0: one file however long

  // `elapsed`: from the begin of the file to the frame. `may_begin`: a file can begin with it: a video
  // keyframe, or any frame where no video is recorded. `must`: the file cannot take what follows.
  bool cuts(Nanoseconds elapsed, bool may_begin, bool must) const {
    return may_begin && (must || (cycle.count() > 0 && elapsed >= cycle));
  }
};

}  // namespace rec
