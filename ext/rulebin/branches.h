// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// The inside of a rulebin: a tee behind every request pad, and the recorders that hang on all of them. A tee
// without recorders drops what comes, which is all that an unrecorded stream costs.
//
// Recorders get a pad for an input only when something is linked to it, so that they wait for no other.
//
// Also keeps track of how far a push is: it is open from the first stream-start on until every linked pad has
// had its EOS; it is over when, after that, every recorder has posted its own EOS.
class Branches {
 public:
  struct Listener {
    // All of them without a lock; the first two on streaming threads.
    std::function<void()> push_began;
    std::function<void()> push_ended;              // of media
    std::function<void(guint32 seqnum)> all_done;  // all recorders are done with it
  };

  Branches(GstBin *bin, Listener listener) : bin_(bin), listener_(std::move(listener)) {}
  Branches(const Branches &) = delete;
  Branches &operator=(const Branches &) = delete;

  // Request pads: `video` and `audio_%u`. Application threads.
  GstPad *request_pad(GstPadTemplate *pad_template, const char *name) REC_EXCLUDES(mutex_);
  void release_pad(GstPad *pad) REC_EXCLUDES(mutex_);

  // Puts a recorder in and brings it to PAUSED. False when it cannot start: it is out again, and what it
  // posted says why. From the element's own state change.
  bool add_recorder(Ref<GstElement> recorder) REC_EXCLUDES(mutex_);
  void remove_recorders() REC_EXCLUDES(mutex_);
  std::vector<Ref<GstElement>> recorders() REC_EXCLUDES(mutex_);
  bool is_recorder(GstObject *object) REC_EXCLUDES(mutex_);

  // A recorder posted its EOS, or an ERROR that is its end.
  void recorder_done(GstObject *recorder, guint32 seqnum) REC_EXCLUDES(mutex_);
  // EOS was sent to the element itself: the push ends whatever its pads are doing. Takes the event.
  void end_all(GstEvent *eos) REC_EXCLUDES(mutex_);
  void reset() REC_EXCLUDES(mutex_);  // between two starts
  bool push_is_open() REC_EXCLUDES(mutex_);

 private:
  struct Input {
    Ref<GstPad> pad;  // ours, ghost of the tee's
    Ref<GstElement> tee;
    bool connected = false;  // it was linked, so the recorders have a pad for it too
    bool ended = false;
  };
  struct Recorder {
    Ref<GstElement> element;
    bool done = false;
  };

  static GstPadProbeReturn on_event(GstPad *pad, GstPadProbeInfo *info, gpointer self);
  static void on_linked(GstPad *pad, GstPad *peer, gpointer self);
  void pad_linked(GstPad *pad) REC_EXCLUDES(mutex_);
  void stream_started(GstPad *pad) REC_EXCLUDES(mutex_);
  void stream_ended(GstPad *pad, guint32 seqnum) REC_EXCLUDES(mutex_);
  void look_whether_ended() REC_EXCLUDES(mutex_);
  void look_whether_done() REC_EXCLUDES(mutex_);
  bool has_pad(const std::string &name) REC_REQUIRES(mutex_);
  std::string free_name(GstPadTemplate *pad_template, const char *name) REC_EXCLUDES(mutex_);
  Input make_input(GstPadTemplate *pad_template, const std::string &name);
  static bool link(const Input &input, GstElement *recorder);
  static void unlink(const Input &input, GstElement *recorder);
  std::vector<Input> inputs() REC_EXCLUDES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  const Listener listener_;
  Mutex mutex_;
  std::vector<Input> inputs_ REC_GUARDED_BY(mutex_);
  std::vector<Recorder> recorders_ REC_GUARDED_BY(mutex_);
  bool open_ REC_GUARDED_BY(mutex_) = false;      // media may come
  bool reported_ REC_GUARDED_BY(mutex_) = false;  // all_done was said
  bool ended_ REC_GUARDED_BY(mutex_) = false;     // every pad has had its EOS
  guint32 seqnum_ REC_GUARDED_BY(mutex_) = 0;     // of the last EOS
};

}  // namespace rec
