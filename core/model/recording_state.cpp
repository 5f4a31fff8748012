// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_state.h"

#include <array>
#include <cstddef>

namespace rec {
namespace {

using Phase = RecordingPhase;
using Deed = RecordingDeed;
using Row = std::array<RecordingStep, kRecordingPhases>;

// What happens when nobody commands: one row per input up to `refused`, one column per phase.
constexpr std::array<Row, 5> kEvents = {{
    // away, idle, asking, recording, lost, stopped, asking_to_resume
    {{{Phase::idle},
      {Phase::idle},
      {Phase::asking},
      {Phase::recording},
      {Phase::stopped},
      {Phase::stopped},
      {Phase::asking_to_resume}}},  // push_began
    {{{Phase::away},
      {Phase::away},
      {Phase::away, Deed::drop},
      {Phase::lost, Deed::pause},
      {Phase::lost},
      {Phase::lost},
      {Phase::lost, Deed::drop}}},  // push_ended
    {{{Phase::away},
      {Phase::asking, Deed::hold},
      {Phase::asking},
      {Phase::recording},
      {Phase::lost},
      {Phase::asking_to_resume, Deed::hold},
      {Phase::asking_to_resume}}},  // asked
    {{{Phase::away},
      {Phase::recording, Deed::begin},
      {Phase::recording, Deed::begin},
      {Phase::recording},
      {Phase::lost},
      {Phase::recording, Deed::resume},
      {Phase::recording, Deed::resume}}},  // granted
    {{{Phase::away},
      {Phase::idle},
      {Phase::idle, Deed::drop},
      {Phase::recording},
      {Phase::lost},
      {Phase::stopped},
      {Phase::stopped, Deed::drop}}},  // refused
}};

constexpr Row kDelayOver = {{{Phase::away},
                             {Phase::idle},
                             {Phase::asking},
                             {Phase::recording},
                             {Phase::away, Deed::finish},
                             {Phase::idle, Deed::finish},
                             {Phase::asking, Deed::finish}}};

Error no_push() { return {Errc::not_found, "no such stream: nothing is being pushed"}; }
Error not_recording() { return {Errc::not_found, "the stream is not being recorded"}; }

Result<RecordingStep> start(Phase phase) {
  switch (phase) {
    case Phase::idle:
    case Phase::asking:
      return RecordingStep{Phase::recording, Deed::begin};
    case Phase::stopped:
    case Phase::asking_to_resume:
      return RecordingStep{Phase::recording, Deed::resume};
    case Phase::recording:
      return Error{Errc::exists, "TaskAlreadyStarted: the stream is being recorded already"};
    case Phase::away:
    case Phase::lost:
      break;
  }
  return no_push();
}

Result<RecordingStep> stop(Phase phase) {
  switch (phase) {
    case Phase::recording:
      return RecordingStep{Phase::stopped, Deed::pause};
    case Phase::asking:  // what is not recorded yet shall not be
      return RecordingStep{Phase::idle, Deed::drop};
    case Phase::asking_to_resume:
      return RecordingStep{Phase::stopped, Deed::drop};
    case Phase::away:
    case Phase::lost:
      return no_push();
    case Phase::idle:
    case Phase::stopped:
      break;
  }
  return not_recording();
}

Result<RecordingStep> restart(Phase phase) {
  if (phase == Phase::recording) return RecordingStep{Phase::recording, Deed::restart};
  if (phase == Phase::away || phase == Phase::lost) return no_push();
  return not_recording();
}

Result<RecordingStep> cancel_delay(Phase phase) {
  switch (phase) {
    case Phase::recording:
    case Phase::stopped:
      return RecordingStep{Phase::idle, Deed::finish};
    case Phase::lost:
      return RecordingStep{Phase::away, Deed::finish};
    case Phase::asking_to_resume:  // the question is about the new push
      return RecordingStep{Phase::asking, Deed::finish};
    case Phase::away:
    case Phase::idle:
    case Phase::asking:
      break;
  }
  return Error{Errc::not_found, "nothing is recorded and nothing waits"};
}

}  // namespace

Result<RecordingStep> step(RecordingPhase phase, RecordingInput input) {
  switch (input) {
    case RecordingInput::start:
      return start(phase);
    case RecordingInput::stop:
      return stop(phase);
    case RecordingInput::restart:
      return restart(phase);
    case RecordingInput::cancel_delay:
      return cancel_delay(phase);
    case RecordingInput::delay_over:
      return kDelayOver.at(static_cast<std::size_t>(phase));
    case RecordingInput::push_began:
    case RecordingInput::push_ended:
    case RecordingInput::asked:
    case RecordingInput::granted:
    case RecordingInput::refused:
      break;
  }
  return kEvents.at(static_cast<std::size_t>(input)).at(static_cast<std::size_t>(phase));
}

std::string_view name_of(RecordingPhase phase) {
  constexpr std::array<std::string_view, kRecordingPhases> kNames = {
      "away", "idle", "asking", "recording", "lost", "stopped", "asking-to-resume"};
  return kNames.at(static_cast<std::size_t>(phase));
}

}  // namespace rec
