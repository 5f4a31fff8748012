// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/model/pre_roll.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Stands between the inputs of a branch and its recorders, which see a push begin and end where it says so:
// it lets media through, drops them, or holds them until somebody has decided.
//
// It works on all tracks together. Where it opens in the middle of a push it does so at a keyframe of the
// video (at any frame where there is none); recorders get the track's sticky events first. Where it ends
// something they get EOS. Frames are counted that were dropped, and none are in between.
//
// Streaming threads never wait for a decision. What was held leaves on a thread of GStreamer's pool; what
// comes meanwhile queues up behind it, so that the order stays.
class MediaGate {
 public:
  struct Limits {
    Nanoseconds time{0};      // of media; whole GOPs leave at the old end
    std::uint64_t bytes = 0;  // they leave earlier when this would be passed
  };
  struct Video {
    std::string codec;             // "h264", "h265", "" = another one or none
    std::uint64_t kbit_per_s = 0;  // 0 = nobody said
  };
  struct Listener {
    // On streaming threads, without a lock; neither may wait.
    std::function<void(const Video &video)> media_held;  // the first that a file could begin with
    std::function<void()> cut;                           // cut() happens now: EOS follows
  };
  struct Counts {
    std::uint64_t dropped = 0;     // buffers that came while it was closed, or were held in vain
    std::uint64_t overflowed = 0;  // that were held for too long
  };

  struct Track;  // one pad of the branch

  MediaGate(GstElement *element, Listener listener) : element_(element), listener_(std::move(listener)) {}
  MediaGate(const MediaGate &) = delete;
  MediaGate &operator=(const MediaGate &) = delete;

  // A pair of pads of the element; their names are `name` and `name` + "_out". Borrowed.
  struct Pads {
    GstPad *in;
    GstPad *out;
  };
  Pads add_track(const std::string &name) REC_EXCLUDES(mutex_);
  void remove_track(GstPad *in) REC_EXCLUDES(mutex_);

  // Any thread; none of them waits.
  void open() REC_EXCLUDES(mutex_);              // everything, from what is held on
  void open_at_keyframe() REC_EXCLUDES(mutex_);  // from what is held on, else from the next keyframe on
  void hold(Limits limits) REC_EXCLUDES(mutex_);
  void close() REC_EXCLUDES(mutex_);  // drops what is held, too
  // Closes, and what the recorders have got is all: EOS. False when they never got anything.
  bool end() REC_EXCLUDES(mutex_);
  // At the next keyframe: EOS for what was before it, and what follows is held. Audio is divided at the same
  // time.
  // False: nothing is let through that could be cut.
  bool cut(Limits limits) REC_EXCLUDES(mutex_);
  // What cut() announced has not happened and shall not. False: it has.
  bool cancel_cut() REC_EXCLUDES(mutex_);

  // open_at_keyframe() has not happened and shall not: it is closed. False: it has, or nobody wanted it.
  bool cancel_open() REC_EXCLUDES(mutex_);
  // What is held ends with an EOS of every track. Nothing where nothing is held.
  void end_held() REC_EXCLUDES(mutex_);

  Counts counts() REC_EXCLUDES(mutex_);

  // For the element.
  GstFlowReturn chain(Track &track, GstBuffer *buffer) REC_EXCLUDES(mutex_);  // takes it
  gboolean event(Track &track, GstEvent *event) REC_EXCLUDES(mutex_);         // takes it
  void stop() REC_EXCLUDES(mutex_);                                           // before its pads are inactive
  void pump() REC_EXCLUDES(mutex_);                                           // on a thread of the pool

 private:
  // waiting: for the keyframe at which it opens; cutting: for the one at which it cuts; cut: it has, but for
  // tracks that are not there yet.
  enum class Mode { closed, waiting, open, holding, cutting, cut };
  enum class Way { nowhere, held, queued, through };
  struct Item {
    std::shared_ptr<Track> track;  // shared with tracks_: it may be removed meanwhile
    Ref<GstBuffer> buffer;
    Ref<GstEvent> event;
    std::uint64_t bytes() const { return buffer ? gst_buffer_get_size(buffer.get()) : 0; }
  };

  bool begins(const Track &track, bool key, Nanoseconds time) REC_REQUIRES(mutex_);
  Way way_of(Track &track, Nanoseconds time) REC_REQUIRES(mutex_);
  void cut_track(Track &track) REC_REQUIRES(mutex_);
  void keep(Item item, Nanoseconds time, bool begins) REC_REQUIRES(mutex_);
  void forget(const Item &item) REC_REQUIRES(mutex_);
  void begin_hold(Limits limits) REC_REQUIRES(mutex_);
  void drop_held() REC_REQUIRES(mutex_);
  bool take_held() REC_REQUIRES(mutex_);
  void queue(Item item) REC_REQUIRES(mutex_);
  // Media of a track leave while this says so: by the thread that has it.
  GstFlowReturn push(Item item) REC_EXCLUDES(mutex_);
  bool place(const Item &item, Nanoseconds time, bool begins) REC_EXCLUDES(mutex_);
  void wait_for_room() REC_EXCLUDES(mutex_);
  void start_pump() REC_EXCLUDES(mutex_);
  void tell_video(Track &track);

  GstElement *element_;  // borrowed: owns us
  const Listener listener_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Track>> tracks_ REC_GUARDED_BY(mutex_);  // shared with items
  Mode mode_ REC_GUARDED_BY(mutex_) = Mode::closed;
  std::optional<PreRoll<Item>> held_ REC_GUARDED_BY(mutex_);
  bool told_ REC_GUARDED_BY(mutex_) = false;                       // media_held was called for what is held
  bool held_any_ REC_GUARDED_BY(mutex_) = false;                   // something, since it holds
  bool came_ REC_GUARDED_BY(mutex_) = false;                       // a buffer, since it holds
  Limits limits_ REC_GUARDED_BY(mutex_);                           // of the next hold
  Nanoseconds cut_at_ REC_GUARDED_BY(mutex_){0};                   // running time
  std::optional<Nanoseconds> alone_since_ REC_GUARDED_BY(mutex_);  // audio, though there is a video track
  std::deque<Item> outbox_ REC_GUARDED_BY(mutex_);                 // leaves by the pump
  std::uint64_t outbox_bytes_ REC_GUARDED_BY(mutex_) = 0;
  bool pumping_ REC_GUARDED_BY(mutex_) = false;
  bool pump_due_ REC_GUARDED_BY(mutex_) = false;  // and has not been started
  bool stopped_ REC_GUARDED_BY(mutex_) = false;
  Counts counts_ REC_GUARDED_BY(mutex_);
};

// An element that holds a gate, in whose bin the tracks' pads are linked.
Ref<GstElement> make_media_gate(MediaGate::Listener listener);
MediaGate &media_gate_of(GstElement *element);

}  // namespace rec
