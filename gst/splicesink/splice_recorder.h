// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "gst/common/recorder_bin.h"
#include "gst/common/timer.h"
#include "gst/splicesink/period_recorder.h"
#include "gst/splicesink/splice_keeper.h"

namespace rec {

struct SpliceSinkSettings {
  SegmentFormat segment_format = SegmentFormat::ts;
  std::string location = "segment%05d.ts";
  std::string playlist_location = "playlist.m3u8";
  std::string playlist_root;
  std::string live_playlist_location;
  guint playlist_length = 0;
  guint max_files = 0;
  bool send_keyframe_requests = true;
  guint target_duration = 10;  // s
  guint64 splice_timeout = 0;  // ns
  guint64 idle_timeout = 10 * GST_SECOND;
  guint64 cycle = 0;  // ns
  std::string time_zone = "UTC";
  bool keep_repeated = false;
};

// splicesink's behaviour: one HLS recording from everything that is pushed within the splice timeout.
class SpliceRecorder final : public RecorderBin {
 public:
  // The element's signals, called without a lock and off streaming threads.
  struct Signals {
    std::function<std::optional<std::string>()> claim_recording;
    std::function<HoldChoice(guint64 waited_ns)> poll_hold;
    std::function<bool(const std::string &location)> delete_fragment;  // false: nobody handles it
    using GetStream = std::function<Ref<GOutputStream>(const std::string &location)>;
    // How streams are asked for; empty functions where nobody would answer.
    std::function<GetStream()> fragment_streams, playlist_streams;
  };

  SpliceRecorder(GstBin *bin, const Clock &clock, Signals signals);

  Guarded<SpliceSinkSettings> settings;  // any thread; a copy is taken at start
  GstStateChangeReturn change_state(GstStateChange transition,
                                    const std::function<GstStateChangeReturn()> &chain_up);
  StructurePtr stats() REC_EXCLUDES(mutex_);
  void cancel_delay() REC_EXCLUDES(mutex_);
  // The signals' default handlers; from within Signals.
  std::optional<std::string> claim_by_sidecar();
  HoldChoice ask_sidecar(guint64 waited_ns);

 private:
  Status start() override REC_REQUIRES(mutex_);
  void record(const Frame &frame) override REC_REQUIRES(mutex_);
  void push_ended() override REC_REQUIRES(mutex_);
  void pads_gone() override REC_REQUIRES(mutex_);
  void stop() override REC_REQUIRES(mutex_);

  void watch_for_silence(Nanoseconds longest) REC_REQUIRES(mutex_);
  void end_silent_push() REC_EXCLUDES(mutex_);

  // The wall clock at one place of the line: the sender's where the stream carries it, else ours at the first
  // frame and again wherever the line breaks.
  struct Anchor {
    Nanoseconds line;
    UtcTime wall;
  };
  // What came while it was asked what the push continues.
  struct Waiting {
    std::optional<Frame> frame = std::nullopt;  // none: the push ended
    TrackStates states = {};
    std::optional<Anchor> anchor = std::nullopt;
    std::optional<guint32> eos = std::nullopt;  // the push ended with it
    bool is_stop = false;
  };
  void report_repeated(std::uint64_t frames, Nanoseconds media) REC_REQUIRES(mutex_);
  void ask_past() REC_REQUIRES(mutex_);
  void go_on(std::uint64_t ask, Trail past) REC_EXCLUDES(mutex_);
  void replay(Trail past) REC_REQUIRES(mutex_);
  void wait(Waiting what) REC_REQUIRES(mutex_);
  void end_push(std::optional<guint32> eos) REC_REQUIRES(mutex_);
  void end_push_in_turn(std::optional<guint32> eos) REC_REQUIRES(mutex_);
  std::shared_ptr<SpliceKeeper> keeper() REC_EXCLUDES(mutex_);

  const Clock &clock_;  // outlives us
  const Signals signals_;
  std::shared_ptr<SpliceKeeper> keeper_
      REC_GUARDED_BY(mutex_);  // shared with periods that are still finishing
  std::optional<PeriodRecorder> periods_ REC_GUARDED_BY(mutex_);

  // The first frames of a push wait, in memory, for the answer to what it continues (SpliceKeeper::claim).
  std::uint64_t asks_ REC_GUARDED_BY(mutex_) = 0;
  bool asking_ REC_GUARDED_BY(mutex_) = false;  // for the answer to number asks_
  std::deque<Waiting> waiting_ REC_GUARDED_BY(mutex_);
  std::uint64_t waiting_bytes_ REC_GUARDED_BY(mutex_) = 0;

  std::optional<Anchor> anchor_ REC_GUARDED_BY(mutex_);

  std::atomic<Nanoseconds> recorded_at_{};  // the last frame of a push that lasts; monotonic, 0: none
  std::optional<Timer> silence_ REC_GUARDED_BY(mutex_);
};

}  // namespace rec
