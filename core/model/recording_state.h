// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string_view>

#include "core/base/result.h"

namespace rec {

// Where one template stands with one stream (spec 2.4). "Push": media come.
enum class RecordingPhase {
  away,              // no push, nothing recorded
  idle,              // a push that is not recorded
  asking,            // a push; whether to record it is being asked, its media are held
  recording,         // a push that is recorded
  lost,              // the push ended; its recording waits for another one
  stopped,           // a push; its recording was stopped and may still be continued
  asking_to_resume,  // as asking, while an earlier recording may still be continued
};
inline constexpr int kRecordingPhases = 7;

enum class RecordingInput {
  push_began,
  push_ended,
  asked,         // the trigger does not know yet
  granted,       // the trigger records this push: at once, or by its answer
  refused,       // the trigger's answer is no
  start,         // the commands of spec 2.4
  stop,          //
  restart,       //
  cancel_delay,  //
  delay_over,    // a recording that waited is finished; nobody came
};
inline constexpr int kRecordingInputs = 10;

// What the recorders do about it.
enum class RecordingDeed {
  nothing,
  hold,     // keep the media from the next keyframe on
  drop,     // forget the media that are held
  begin,    // record, beginning with what is held, else at the next keyframe
  resume,   // the same, in the recording that waits
  restart,  // finish all files and begin a new recording at the same keyframe
  pause,    // close the files; the recording waits for its splice-timeout
  finish,   // close the files; the recording is finished without waiting
};

struct RecordingStep {
  RecordingPhase next;
  RecordingDeed deed = RecordingDeed::nothing;
};

// What an input means in a phase. Only commands fail: `exists` (start, while it records), `not_found` (there
// is no push, or nothing to stop); the phase stays.
//
// Who starts by command and whose trigger grants nothing (manual) is not resumed when the push comes back:
// nobody says `granted`. A stop holds for the push in which it was said. Whoever drops what is held also
// drops the question: its answer is not told afterwards.
Result<RecordingStep> step(RecordingPhase phase, RecordingInput input);

std::string_view name_of(RecordingPhase phase);  // "recording", for people and stats

}  // namespace rec
