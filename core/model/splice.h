// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace rec {

// What a recording's note says to the processes that could continue it. Whoever records holds the note's
// lock; while a recording is paused nobody does, so a note that says "recording" and is not locked was left
// by a process that died.
struct SpliceNote {
  std::string playlist;           // path of the playlist
  std::string owner;              // random, of the element that wrote the note
  bool paused = false;            // else recording
  UtcTime resume_until{};         // while paused: until when another push continues it
  Nanoseconds splice_timeout{0};  // of the element that wrote the note
  bool operator==(const SpliceNote &) const = default;
};

enum class SpliceChoice {
  start_new,     // there is nothing to continue
  resume,        // the push continues this recording, with a discontinuity
  finish_first,  // its time is over: close it, and start a new one
};

// What a push that begins at `now` does about an unlocked note. `last_activity`: when the recording last
// grew; matters when its process died. `splice_timeout`: of the element that asks; 0: it never continues.
SpliceChoice choose_splice(const std::optional<SpliceNote> &note, UtcTime last_activity,
                           Nanoseconds splice_timeout, UtcTime now);

enum class HoldChoice {
  wait,    // the push may still come back
  finish,  // nobody came: close the recording
  gone,    // somebody else continued or closed it: it is not ours any more
};

// What the element `owner`, which paused a recording and has waited for `waited` since, does about it.
// `note`: as it is now; none when it was removed.
HoldChoice judge_hold(const std::optional<SpliceNote> &note, std::string_view owner, Nanoseconds waited);

}  // namespace rec
