// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "ext/rulebin/media_gate.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// The inside of a branch: a gate behind the pads of the branch's bin, a tee behind every track of the gate,
// and recorders that hang on all tees. A recorder that fails does so alone.
class Recorders {
 public:
  struct Listener {
    // An element message of a recorder; true when it was taken. Any thread, no lock held.
    std::function<bool(GstMessage *message)> on_report;
    std::function<void(GstMessage *error)> on_error;  // which was its end
    std::function<void()> all_done;                   // all of them are done with the media that ended
  };

  // `name`: of the bin. What the listener refers to outlives this, and this outlives the bin.
  Recorders(const char *name, Listener listener, MediaGate::Listener gate_listener);
  Recorders(const Recorders &) = delete;
  Recorders &operator=(const Recorders &) = delete;

  const Ref<GstElement> &bin() const { return bin_; }
  MediaGate &gate() { return media_gate_of(gate_.get()); }

  // From now on recorders get no video. Before there are any.
  void leave_video_out() REC_EXCLUDES(mutex_);
  // Puts a recorder in and brings it to the bin's state. False when it cannot start: it is out again, and
  // what it posted says why. While nothing comes through the gate.
  bool add(const Ref<GstElement> &recorder) REC_EXCLUDES(mutex_);
  void remove_all() REC_EXCLUDES(mutex_);
  std::vector<Ref<GstElement>> list() REC_EXCLUDES(mutex_);
  bool empty() REC_EXCLUDES(mutex_);

  // Media come from now on; and: they end now, and every recorder will have its EOS. all_done() follows when
  // every recorder has posted its own.
  void media_began() REC_EXCLUDES(mutex_);
  void media_ended() REC_EXCLUDES(mutex_);
  // The recorders got no EOS, because nothing else ever came to them.
  void nothing_came() REC_EXCLUDES(mutex_);

 private:
  struct Recorder {
    Ref<GstElement> element;
    bool done = false;
  };
  enum class Media { none, coming, ended, done };

  GstPad *request_pad(GstPadTemplate *pad_template, const char *name);
  void release_pad(GstPad *pad);
  bool connect(GstPad *pad, GstElement *recorder) REC_EXCLUDES(mutex_);
  std::vector<Ref<GstPad>> pads();
  bool handle_message(GstMessage *message);
  bool is_recorder(GstObject *object) REC_EXCLUDES(mutex_);
  void recorder_done(GstObject *recorder) REC_EXCLUDES(mutex_);
  void look_whether_done() REC_EXCLUDES(mutex_);

  const Listener listener_;
  const Ref<GstElement> bin_;
  const Ref<GstElement> gate_;
  Mutex mutex_;
  std::vector<Recorder> recorders_ REC_GUARDED_BY(mutex_);
  Media media_ REC_GUARDED_BY(mutex_) = Media::none;
  bool video_left_out_ REC_GUARDED_BY(mutex_) = false;
};

}  // namespace rec
