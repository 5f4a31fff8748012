// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Where a push comes into a rulebin: a tee behind every request pad, to which consumers are attached and from
// which they are detached at any time. A tee without consumers drops what comes, which is all that an
// unrecorded stream costs.
//
// A consumer is an element in the same bin with request pads `video` and `audio_%u`. It gets a pad for an
// input only when something is linked to that, so that it waits for no other.
//
// Also knows whether a push is going on: from the first stream-start on until every linked pad has had its
// EOS.
class PushInputs {
 public:
  struct Listener {
    // On streaming threads, without a lock; before a consumer sees the event.
    std::function<void(PushInputs &)> push_began;
    // `began` is false when EOS came and nothing before it.
    std::function<void(PushInputs &, bool began, guint32 seqnum)> push_ended;
    // The same, and they may wait a little. Empty: nobody wants to know.
    std::function<void()> push_is_about_to_begin = {};
    std::function<void(GstEvent *event)> identified = {};  // by a push event (push_event.h)
  };

  // `label`: of the content, "" = the origin: part of the pads' names, which are `video_LABEL` and
  // `audio_LABEL` then, one each.
  PushInputs(GstBin *bin, Listener listener, std::string label = "")
      : bin_(bin), listener_(std::move(listener)), label_(std::move(label)) {}
  PushInputs(const PushInputs &) = delete;
  PushInputs &operator=(const PushInputs &) = delete;

  // Request pads. Application threads.
  GstPad *request_pad(GstPadTemplate *pad_template, const char *name) REC_EXCLUDES(mutex_);
  void release_pad(GstPad *pad) REC_EXCLUDES(mutex_);

  // From now on the consumer gets what comes; it has all its pads before it gets anything. In mid-push the
  // publisher is asked for a keyframe. False when it cannot take a pad: it gets nothing then. Any thread but
  // a streaming one.
  bool attach(const Ref<GstElement> &consumer) REC_EXCLUDES(mutex_);
  // From now on it gets nothing more; what is on its way arrives before this returns, and after it an EOS on
  // every pad through which anything came. Its pads are released. No other consumer notices. Waits as long as
  // the consumer takes for a buffer. False: there was no EOS, for nothing ever came.
  bool detach(GstElement *consumer, guint32 seqnum) REC_EXCLUDES(mutex_);

  // Whether consumers get what upstream marks as standby material: with a sticky downstream event
  // "application/x-recording-standby" whose `active` is true, until one whose `active` is false. What they do
  // not get is missing as if it had not been sent; video then goes on at a keyframe. For what is marked
  // later.
  void let_standby_in(bool wanted) REC_EXCLUDES(mutex_);
  // Buffers and buffer lists that were kept from consumers.
  std::uint64_t standby_dropped() const { return standby_dropped_; }

  // EOS was sent to the element itself: the push ends whatever its pads are doing. Its consumers are told by
  // the caller.
  void end_all(guint32 seqnum) REC_EXCLUDES(mutex_);
  void reset() REC_EXCLUDES(mutex_);  // between two starts
  bool push_is_open() REC_EXCLUDES(mutex_);
  // No media can come, unless a push begins: the last one has ended, or nothing is linked to any pad.
  bool is_over() REC_EXCLUDES(mutex_);
  bool is_linked() REC_EXCLUDES(mutex_);

 private:
  struct Standby;  // of an input that shows standby material
  struct Input {
    Ref<GstPad> pad;  // ours, ghost of the tee's
    Ref<GstElement> tee;
    std::string name;        // of the consumers' pads
    bool connected = false;  // it was linked, so the consumers have a pad for it too
    bool ended = false;
    std::shared_ptr<Standby> standby = nullptr;  // shared with the probe that drops it
  };

  static GstPadProbeReturn on_event(GstPad *pad, GstPadProbeInfo *info, gpointer self);
  static void on_linked(GstPad *pad, GstPad *peer, gpointer self);
  void pad_linked(GstPad *pad) REC_EXCLUDES(mutex_);
  void standby_changed(GstPad *pad, bool active) REC_EXCLUDES(mutex_);
  static GstPadProbeReturn on_standby_media(GstPad *pad, GstPadProbeInfo *info, gpointer standby);
  void standby_over(GstPad *pad) REC_EXCLUDES(mutex_);
  void stream_started(GstPad *pad) REC_EXCLUDES(mutex_);
  void stream_ended(GstPad *pad, guint32 seqnum) REC_EXCLUDES(mutex_);
  void look_whether_ended(bool by_eos) REC_EXCLUDES(mutex_);
  bool has_input(const std::string &name) REC_REQUIRES(mutex_);
  std::string free_name(GstPadTemplate *pad_template, const char *name) REC_EXCLUDES(mutex_);
  std::string pad_name(const std::string &input_name) const;
  Input make_input(GstPadTemplate *pad_template, const std::string &name);
  std::vector<Input> inputs() REC_EXCLUDES(mutex_);
  std::vector<Ref<GstElement>> consumers() REC_EXCLUDES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  const Listener listener_;
  const std::string label_;
  Mutex mutex_;
  std::vector<Input> inputs_ REC_GUARDED_BY(mutex_);
  std::vector<Ref<GstElement>> consumers_ REC_GUARDED_BY(mutex_);
  enum class Push { none, open, ended };
  bool standby_comes_in_ REC_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> standby_dropped_ = 0;
  Push push_ REC_GUARDED_BY(mutex_) = Push::none;
  guint32 seqnum_ REC_GUARDED_BY(mutex_) = 0;  // of the last EOS
};

}  // namespace rec
