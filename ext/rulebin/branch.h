// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/model/record_decision.h"
#include "core/model/recording_state.h"
#include "core/service/push_session.h"
#include "core/service/record_question.h"
#include "ext/rulebin/catalogue_desk.h"
#include "ext/rulebin/glances.h"
#include "ext/rulebin/push_inputs.h"
#include "ext/rulebin/recorder_elements.h"
#include "ext/rulebin/recorders.h"
#include "gst/common/timer.h"

namespace rec {

// What a branch is for; constant as long as it exists.
struct BranchFacts {
  std::string name;  // of its bin, unique in the rulebin
  PushSession::Facts session;
  RecordingNames names;
  // Of the template: `automatic` records from the beginning of a push on, `ask` when the answer says so,
  // `manual` when somebody says start. What the push URL says is decided before.
  TriggerKind trigger = TriggerKind::automatic;
  bool audio_only = false;
};

// One template at work on one content of a push: recorders in a bin of their own, and the rows about what
// they do. It may be put into a rulebin and taken out again in any state, and attached to media and detached
// from them while others go on: it begins at the first keyframe that comes, and what is detached is complete
// up to the last frame.
//
// Streaming and muxer threads only post jobs to the desk; what the recorders' threads ask (claim-recording,
// poll-hold) waits for its answer.
class Branch : public std::enable_shared_from_this<Branch> {
 public:
  // In the desk's jobs.
  struct Listener {
    std::function<void(std::int64_t recording_id)> join;  // its files belong together
    std::function<void()> settled;                        // busy() has become false, or still is
  };
  struct Counts {
    PushSession::Counts session;
    std::uint64_t lost_rows = 0;  // what happened and could not be noted
  };

  // `rulebin` posts what the branch has to say. All outlive it, or close() comes first.
  Branch(GstBin *rulebin, std::shared_ptr<CatalogueDesk> desk, const Clock &clock, BranchFacts facts,
         Listener listener);
  Branch(const Branch &) = delete;
  Branch &operator=(const Branch &) = delete;

  const BranchFacts &facts() const { return facts_; }

  // open(): into the rulebin, in PAUSED, with those recorders that can start; follow(): to the rulebin's
  // state, when that is not on its way to one. close(): out of it; whatever goes on ends here, and the rows
  // are written when it returns. Neither on a streaming thread nor in a job.
  void open();
  void follow();
  void close() REC_EXCLUDES(mutex_);

  // Gets what comes in through the inputs, or no more of it. Neither on a streaming thread nor in a job.
  void attach(PushInputs &inputs) REC_EXCLUDES(mutex_);
  void detach(PushInputs &inputs) REC_EXCLUDES(mutex_);
  bool attached() REC_EXCLUDES(mutex_);

  // The push that it is attached to begins, or ends; before its recorders see the events.
  void push_began() REC_EXCLUDES(mutex_, control_);
  void push_ended() REC_EXCLUDES(mutex_, control_);
  // The rulebin stops: what is closed from here on was interrupted.
  void media_interrupted();
  void send_eos(GstEvent *eos) REC_EXCLUDES(control_);  // to all recorders, whatever their pads are doing

  // start, stop, restart or cancel_delay (core/model/recording_state). What they begin or end does so
  // afterwards. Any thread.
  Status command(RecordingInput input) REC_EXCLUDES(mutex_, control_);
  RecordingPhase phase() REC_EXCLUDES(control_);
  // Nothing is held from now on: what is, is finished now, and what ends at once.
  void expect_no_more();

  bool busy() const;  // in jobs: something is being asked, or recorders or a held recording are at work
  Counts counts() { return counts_.copy(); }
  // Adds what every recorder says.
  void add_stats(GstStructure *stats);

 private:
  using Job = std::function<Status(PushSession &)>;
  // What only the desk's jobs touch.
  struct AtDesk {
    std::optional<PushSession> session;
    std::optional<std::int64_t> announced;  // recording
    bool working = false;                   // the recorders are not done
    bool holds_nothing = false;             // what ends is finished
    std::optional<Glances> glances;         // while files are held
    Nanoseconds held_since{0};
    std::optional<Timer> counting;  // while there is a recording
  };

  // ---- Whether it records: branch_control.cpp
  // A restart: of the recording that ends, and what follows it is held.
  enum class Restart { none, wanted, under_way };
  Status apply(RecordingInput input) REC_REQUIRES(control_);
  void obey(RecordingDeed deed, RecordingInput input, RecordingPhase before) REC_REQUIRES(control_);
  void begin_media(bool held, bool at_once) REC_REQUIRES(control_);
  void end_media() REC_REQUIRES(control_);
  void finish(RecordingPhase before) REC_REQUIRES(control_);
  bool withdraw_restart() REC_REQUIRES(control_);
  void give_restart_up() REC_REQUIRES(control_);
  void cancel_hold();
  void cut_now() REC_EXCLUDES(control_);
  bool is_undecided() REC_REQUIRES(control_);
  void decide_undecided() REC_EXCLUDES(mutex_);
  MediaGate::Limits limits() const;
  // The question: branch_question.cpp
  void ask(const MediaGate::Video &video) REC_REQUIRES(control_);
  void answered(unsigned number, const Result<RecordAnswer> &answer) REC_EXCLUDES(control_);
  void decided(const RecordDecision &decision) REC_REQUIRES(control_);
  void settle_question() REC_REQUIRES(control_);
  void end_questions() REC_EXCLUDES(control_);
  // In jobs.
  void finish_what_waits() REC_EXCLUDES(control_);
  Status note_unrecorded(PushSession &session) REC_EXCLUDES(control_);
  void note_rest() REC_EXCLUDES(control_);  // nothing is at work any more

  void build() REC_REQUIRES(control_);
  void begin_session(PushSession::Facts facts);
  void add_recorder(const Ref<GstElement> &recorder, const char *factory);
  Ref<GstElement> make_hls_recorder();
  bool take_report(GstMessage *message);
  void recorder_failed(GstMessage *message);
  void recorders_done();

  std::shared_ptr<CatalogueDesk> desk() REC_EXCLUDES(mutex_);
  bool post(std::function<void()> job) REC_EXCLUDES(mutex_);
  void note(const char *what, Job job, const Ref<GstMessage> &forward = {}) REC_EXCLUDES(mutex_);
  void note_counts() REC_EXCLUDES(mutex_);  // what the recorders have counted so far
  // In jobs.
  void run(const char *what, const Job &job);
  void start_counting();
  void announce_recording();
  void look_after();
  void start_glances();
  void poll_held_files(Nanoseconds waited);
  std::optional<std::string> claim();
  PushSession::Hold poll_hold(Nanoseconds waited);

  GstBin *rulebin_;  // borrowed
  const Clock &clock_;
  BranchFacts facts_;  // the template and the names change once, before there are recorders
  const Listener listener_;
  Recorders recorders_;
  // Orders what happens to the recording; held while the gate and the recorders are told, which wait for
  // nothing, and call back in jobs only. Locked before mutex_.
  Mutex control_;
  RecordingPhase phase_ REC_GUARDED_BY(control_) = RecordingPhase::away;
  Restart restart_ REC_GUARDED_BY(control_) = Restart::none;
  bool built_ REC_GUARDED_BY(control_) = false;
  bool waits_for_nobody_ REC_GUARDED_BY(control_) = false;  // the recording that a restart begins
  bool push_is_over_ REC_GUARDED_BY(control_) = false;      // and what it brought is held
  std::unique_ptr<RecordQuestion> question_ REC_GUARDED_BY(control_);
  std::vector<std::unique_ptr<RecordQuestion>> withdrawn_ REC_GUARDED_BY(control_);  // to be destroyed
  unsigned questions_ REC_GUARDED_BY(control_) = 0;                                  // number of the last one
  std::atomic<int> undecided_ = 0;       // beginnings, questions and restarts that no job has seen the end of
  std::atomic<bool> finishing_ = false;  // what the recorders end waits for no other push
  AtDesk at_desk_;
  Guarded<Counts> counts_;
  Mutex mutex_;
  std::shared_ptr<CatalogueDesk> desk_ REC_GUARDED_BY(mutex_);  // null when closed; shared by all branches
  bool attached_ REC_GUARDED_BY(mutex_) = false;
};

}  // namespace rec
