// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "gst/common/intake.h"
#include "gst/common/track_input.h"
#include "gst/common/writer_group.h"

namespace rec {

// What the recorder elements share: the request pads and what comes in through them, in order, under one
// lock; the containment of their inner elements' messages; EOS; a stop that completes what is open.
//
// Streaming threads enter only through the pads. They hold the lock for as long as it takes to queue frames,
// never while posting, and never wait for the disk or for each other's media.
class RecorderBin : private TrackListener {
 public:
  RecorderBin(GstBin *bin, StreamFormat format, IntakeSettings settings = {});
  ~RecorderBin() override;
  RecorderBin(const RecorderBin &) = delete;
  RecorderBin &operator=(const RecorderBin &) = delete;

  // For the element's vfuncs; application threads.
  GstPad *request_pad(GstPadTemplate *pad_template, const char *name) REC_EXCLUDES(mutex_);
  void release_pad(GstPad *pad);
  GstStateChangeReturn change_state(GstStateChange transition,
                                    const std::function<GstStateChangeReturn()> &chain_up);
  // Ends every track at once, whatever its streaming thread is doing. Does not block.
  void end_all(guint32 seqnum) REC_EXCLUDES(mutex_);
  // What an inner element said. Takes the message.
  void handle_child_message(GstMessage *message);

 protected:
  // Before media comes (READY to PAUSED). An Error is posted and the state change fails.
  virtual Status start() REC_REQUIRES(mutex_) = 0;
  // From start(): what the parsers give in this run, also on pads that are requested later.
  void set_stream_format(StreamFormat format) REC_REQUIRES(mutex_);
  // Frames in order of decoding time.
  virtual void record(const Frame &frame) REC_REQUIRES(mutex_) = 0;
  // All tracks have ended and all frames were recorded. When the element has no more to do: post_eos().
  virtual void push_ended() REC_REQUIRES(mutex_) = 0;
  // The last pad was released, and what came through it was recorded. Another push may come on new ones.
  virtual void pads_gone() REC_REQUIRES(mutex_) {}
  // Complete what is open; nothing follows (PAUSED to READY).
  virtual void stop() REC_REQUIRES(mutex_) = 0;

  // A stretch under the lock; what it leaves for later runs when it is over.
  class REC_TSA(scoped_lockable) Section {
   public:
    explicit Section(RecorderBin &bin) REC_TSA(acquire_capability(bin.mutex_))
        REC_TSA(no_thread_safety_analysis);
    ~Section() REC_TSA(release_capability()) REC_TSA(no_thread_safety_analysis);
    Section(const Section &) = delete;
    Section &operator=(const Section &) = delete;

   private:
    RecorderBin &bin_;
  };

  GstElement *element() const { return GST_ELEMENT(bin_); }
  const std::shared_ptr<WriterGroup> &writers() const { return writers_; }
  Intake &intake() REC_REQUIRES(mutex_) { return intake_; }
  // Records what is still held to be put in order with media that may never come.
  void drain() REC_REQUIRES(mutex_) { intake_.drain(record_); }
  // Asks the publisher's encoder for a keyframe with all headers, at the running time or as soon as possible.
  // Most sources cannot; nothing depends on it.
  void request_keyframe(std::optional<Nanoseconds> running_time) REC_REQUIRES(mutex_);
  // Runs when the lock is gone: for posting and for emitting signals.
  void later(std::function<void()> call) REC_REQUIRES(mutex_) { later_.push_back(std::move(call)); }
  void warn_later(Error error) REC_REQUIRES(mutex_);
  // Reports, merged with others of its type and track, in a message `<element>-exception`. `track` is a pad's
  // name or "". report_now() is for threads that do not hold the lock.
  void report(ExceptionType type, const std::string &track, std::string description) REC_REQUIRES(mutex_) {
    exceptions_.note(type, track, std::move(description));
  }
  void report_now(ExceptionType type, const std::string &track, std::string description) REC_EXCLUDES(mutex_);
  // The EOS that the push ended with; nothing where no pad had one. From push_ended().
  std::optional<guint32> eos_due() const REC_REQUIRES(mutex_) { return eos_seqnum_; }
  // Posts the element's EOS message, once for each time that all tracks ended. With `seqnum`: unless another
  // push has ended since. Any thread, no lock held.
  void post_eos(std::optional<guint32> seqnum = std::nullopt) REC_EXCLUDES(mutex_);

  Mutex mutex_;  // first of the element's locks; muxers' pad locks are taken under it

 private:
  void on_stream_start(std::size_t track) override;
  void on_media(std::size_t track, ParsedBuffer media) override;
  void on_tags(std::size_t track, Ref<GstTagList> tags) override;
  void on_gap(std::size_t track, Nanoseconds until) override;
  void on_source_can_wait(GstPad *pad) override;
  void on_eos(std::size_t track, guint32 seqnum) override;
  void on_refused(std::size_t track, const std::string &reason) override;
  void on_dropped(std::size_t track, bool empty) override;
  void on_flush(std::size_t track) override;
  void post_exceptions(const std::vector<ExceptionReport> &reports) REC_EXCLUDES(mutex_);

  Status begin_session() REC_EXCLUDES(mutex_);
  void end_session() REC_EXCLUDES(mutex_);
  void end_push_if_all_ended() REC_REQUIRES(mutex_);
  bool pad_is_taken(const std::string &name) REC_REQUIRES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  StreamFormat format_ REC_GUARDED_BY(mutex_);
  const std::shared_ptr<WriterGroup> writers_;
  std::vector<std::unique_ptr<TrackInput>> inputs_ REC_GUARDED_BY(mutex_);
  ExceptionLog exceptions_ REC_GUARDED_BY(mutex_);
  Intake intake_ REC_GUARDED_BY(mutex_);
  const Intake::Out record_;  // calls record(): only Intake does, under the lock
  std::vector<std::function<void()>> later_ REC_GUARDED_BY(mutex_);
  bool in_session_ REC_GUARDED_BY(mutex_) = false;            // PAUSED or PLAYING
  std::optional<guint32> eos_seqnum_ REC_GUARDED_BY(mutex_);  // all tracks ended, EOS not yet posted
};

}  // namespace rec
