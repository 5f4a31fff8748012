// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a branch records: what pushes, triggers and commands mean (core/model/recording_state) and what its
// gate, its recorders and its session do about it.
#include <utility>

#include "ext/rulebin/branch.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr std::uint64_t kMostHeld = 64 << 20;  // bytes of media that wait for an answer or a restart

}  // namespace

void Branch::push_began() {
  note_counts();  // they belong to what was before
  MutexLock lock(control_);
  note("a push", [](PushSession &s) { return s.begin_push(); });
  if (std::exchange(push_is_over_, false)) return;  // and is back before it was decided: one push
  if (!is_undecided()) recorders_.gate().close();
  (void)apply(RecordingInput::push_began);
  if (facts_.trigger == TriggerKind::automatic) (void)apply(RecordingInput::granted);
  if (facts_.trigger == TriggerKind::ask) (void)apply(RecordingInput::asked);
}

void Branch::push_ended() {
  MutexLock lock(control_);
  if (phase_ == RecordingPhase::away || phase_ == RecordingPhase::lost) return;
  media_interrupted();
  if (withdraw_restart()) finishing_ = true;  // it ends all the same, and waits for nobody
  if (is_undecided()) {
    push_is_over_ = true;  // its EOS waits with its media
    return;
  }
  (void)apply(RecordingInput::push_ended);
}

Status Branch::command(RecordingInput input) {
  MutexLock lock(control_);
  if (restart_ != Restart::none && input == RecordingInput::restart)
    return Error{Errc::exists, "the recording is being restarted already"};
  const bool ends = input == RecordingInput::stop || input == RecordingInput::cancel_delay;
  if (ends) (void)withdraw_restart();
  if (!ends || restart_ == Restart::none) return apply(input);
  if (input == RecordingInput::cancel_delay && push_is_over_)
    waits_for_nobody_ = true;  // what is held is all that comes
  else
    give_restart_up();
  return ok();
}

RecordingPhase Branch::phase() {
  MutexLock lock(control_);
  return phase_;
}

// Whether media are held until something is decided or done.
bool Branch::is_undecided() {
  return restart_ == Restart::under_way || phase_ == RecordingPhase::asking ||
         phase_ == RecordingPhase::asking_to_resume;
}

Status Branch::apply(RecordingInput input) {
  const RecordingPhase before = phase_;
  REC_TRY(const RecordingStep done, step(before, input));
  phase_ = done.next;
  obey(done.deed, input, before);
  return ok();
}

void Branch::obey(RecordingDeed deed, RecordingInput input, RecordingPhase before) {
  MediaGate &gate = recorders_.gate();
  const bool asked = before == RecordingPhase::asking || before == RecordingPhase::asking_to_resume;
  switch (deed) {
    case RecordingDeed::nothing:
      return;
    case RecordingDeed::hold:
      ++undecided_;
      return gate.hold(limits());
    case RecordingDeed::drop:
      gate.close();
      return settle_question();
    case RecordingDeed::begin:
    case RecordingDeed::resume:
      begin_media(asked, facts_.trigger == TriggerKind::automatic && input == RecordingInput::granted);
      if (asked) settle_question();
      return;
    case RecordingDeed::restart:
      if (gate.cut(limits())) restart_ = Restart::wanted;  // else nothing has been recorded yet
      return;
    case RecordingDeed::pause:
      if (input == RecordingInput::stop) {
        media_interrupted();  // its files may be continued
        return end_media();
      }
      recorders_.media_ended();  // its EOS comes by itself, unless nothing ever came
      if (gate.cancel_open()) recorders_.nothing_came();
      return;
    case RecordingDeed::finish:
      if (input != RecordingInput::delay_over) finish(before);
  }
}

MediaGate::Limits Branch::limits() const {
  return {facts_.session.recording_template.trigger.hold, kMostHeld};
}

// From now on nothing is held; a job sees it after what was posted before.
void Branch::decide_undecided() {
  (void)post([this] {
    --undecided_;
    look_after();
  });
}

// `held`: the gate holds what it begins with. `at_once`: with all that comes, as no media has come yet.
void Branch::begin_media(bool held, bool at_once) {
  build();
  if (finishing_) {  // what was before has to be finished first: then this begins
    restart_ = Restart::under_way;
    ++undecided_;
    if (!held) recorders_.gate().hold(limits());
    return;
  }
  note("a push", [](PushSession &s) { return s.push_is_open() ? ok() : s.begin_push(); });
  recorders_.media_began();
  ++undecided_;
  (void)post([this] {
    at_desk_.working = !recorders_.empty();
    --undecided_;
  });
  if (std::exchange(push_is_over_, false)) {  // before its EOS can have any consequence
    media_interrupted();
    recorders_.media_ended();
    phase_ = RecordingPhase::lost;
    finishing_ = std::exchange(waits_for_nobody_, false);
  }
  at_once ? recorders_.gate().open() : recorders_.gate().open_at_keyframe();
}

void Branch::end_media() {
  recorders_.media_ended();
  if (!recorders_.gate().end()) recorders_.nothing_came();
}

void Branch::finish(RecordingPhase before) {
  finishing_ = true;
  if (before == RecordingPhase::recording) return end_media();
  cancel_hold();
}

// ---- Restart

// On a streaming thread: the recording ends here, and what follows is held until it is finished.
void Branch::cut_now() {
  MutexLock lock(control_);
  if (restart_ == Restart::wanted) {
    restart_ = Restart::under_way;
    ++undecided_;
  }
  finishing_ = true;
  recorders_.media_ended();
}

// One that waits for its keyframe does not happen. True when there was one.
bool Branch::withdraw_restart() {
  if (restart_ != Restart::wanted) return false;
  const bool withdrawn = recorders_.gate().cancel_cut();
  restart_ = withdrawn ? Restart::none : Restart::under_way;  // else cut_now() is about to be called
  if (!withdrawn) ++undecided_;
  return withdrawn;
}

// Neither the recording that ends nor the one that would begin goes on.
void Branch::give_restart_up() {
  restart_ = Restart::none;
  finishing_ = true;
  recorders_.media_ended();
  (void)recorders_.gate().end();
  phase_ = std::exchange(push_is_over_, false) ? RecordingPhase::away : RecordingPhase::idle;
  decide_undecided();
}

// ---- In jobs

void Branch::finish_what_waits() {
  if (!finishing_ || !at_desk_.session) return;
  poll_held_files(Nanoseconds::max());
  if (at_desk_.working || at_desk_.session->holds_files()) return;
  MutexLock lock(control_);
  finishing_ = false;
  if (std::exchange(restart_, Restart::none) == Restart::none) return;
  begin_media(true, false);
  decide_undecided();
}

// The push that goes on after a stop, in the catalogue: who waits for all pushes to end waits for it, too.
Status Branch::note_unrecorded(PushSession &session) {
  MutexLock lock(control_);
  const bool goes_on = phase_ != RecordingPhase::away && phase_ != RecordingPhase::lost && !push_is_over_;
  return goes_on && !session.push_is_open() ? session.begin_push() : ok();
}

void Branch::note_rest() {
  MutexLock lock(control_);
  if (const auto done = step(phase_, RecordingInput::delay_over)) phase_ = done->next;
}

}  // namespace rec
