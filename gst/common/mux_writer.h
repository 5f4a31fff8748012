// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/sync.h"
#include "gst/common/containers.h"
#include "gst/common/frame.h"
#include "gst/common/tags.h"

namespace rec {

// What a writer may owe to a disk that is slow or does not answer. Beyond it the file is given up: a push
// fails, the output hears give_up(). 0: no limit.
struct WriterLimits {
  std::uint64_t bytes = 0;  // frames that the muxer holds
  Nanoseconds silence{0};   // of the disk: one call of the output
};

// Takes what one muxer writes. Called on the muxer's own thread, one call at a time, never by a streaming
// thread of the pipeline: it may touch the disk, post messages and wait for a worker.
class MuxOutput {
 public:
  virtual ~MuxOutput() = default;
  // The next bytes. `buffer` may be kept; its PTS is the one that the muxer gave. An Error ends the writer.
  virtual Status write(Ref<GstBuffer> buffer) = 0;
  // The next bytes go to this offset (a header is completed at the end).
  virtual Status seek(std::uint64_t offset) = 0;
  // MuxWriter::cut() has come through: what follows belongs to the next segment. `number` is cut()'s.
  virtual void cut(unsigned number) { (void)number; }
  // Everything was written after MuxWriter::finish(), or the writer failed or was aborted. The last call.
  virtual void end(Status status) = 0;
  // About a second after the last bytes, when none follow, or every second, if ticks_always(). On a thread of
  // the shared pool, but never together with another call. An Error ends the writer.
  virtual Status tick() { return ok(); }
  virtual bool ticks_always() const { return false; }
  virtual WriterLimits limits() const { return {}; }
  // The disk does not answer any more (limits()): nothing more will be given, and end() follows if
  // it ever does. Another call is being held up meanwhile.
  virtual void give_up(const Error &error) { (void)error; }
};

// Looks after the writers of one recorder element: calls tick() every second and waits for those that are
// finishing. Outlives them.
class WriterGroup : public std::enable_shared_from_this<WriterGroup> {
 public:
  // One of its writers.
  class Member {
   public:
    virtual ~Member() = default;
    // On the clock's thread: must not wait for anything.
    virtual void tick() = 0;
    // The disk has not answered for two seconds.
    virtual bool is_stuck() const = 0;
    // Much waits to be written, and writing goes on.
    virtual bool is_behind() const = 0;
  };

  explicit WriterGroup(GstBin *bin) : bin_(bin) {}
  GstBin *bin() const { return bin_; }
  void enter(const std::shared_ptr<Member> &member) REC_EXCLUDES(mutex_);
  void leave(const Member &member) REC_EXCLUDES(mutex_);
  // Until no writer is behind, or `is_cancelled`, at the most 30 s. For streaming threads of sources that can
  // wait.
  void wait_for_room(const std::function<bool()> &is_cancelled) REC_EXCLUDES(mutex_);
  // Until every writer is gone or stuck, or `timeout`. False when some are left.
  bool wait_empty(Nanoseconds timeout) REC_EXCLUDES(mutex_);

 private:
  void tick() REC_EXCLUDES(mutex_);
  void start_ticking() REC_REQUIRES(mutex_);
  void stop_ticking() REC_REQUIRES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Member>> members_ REC_GUARDED_BY(mutex_);  // shared with their pads
  GstClockID timer_ REC_GUARDED_BY(mutex_) = nullptr;
};

// One instance of a stock muxer, fed directly from the recorder's thread without queues and without ever
// blocking it: the muxer's latency is unbounded, so its pads take everything at once, and its own thread does
// the work.
//
// Time starts at 0: give frames relative to the begin of the file. push(), gap(), cut() and finish() are
// called under the recorder's lock; none of them calls out of the recorder.
class MuxWriter {
 public:
  struct Track {
    std::size_t track;  // Frame::track
    MediaKind kind;
    Ref<GstCaps> caps;
    TrackTags tags = {};  // go into the file's header
  };

  // Builds the muxer in the group's bin and starts it. `name` becomes the child's name.
  static Result<std::unique_ptr<MuxWriter>> create(const std::shared_ptr<WriterGroup> &group,
                                                   const Container &container, const std::string &name,
                                                   const std::vector<Track> &tracks,
                                                   std::unique_ptr<MuxOutput> output);
  // Without finish(): aborts. The output's end() may come later, on another thread.
  ~MuxWriter();
  MuxWriter(const MuxWriter &) = delete;
  MuxWriter &operator=(const MuxWriter &) = delete;

  bool has_track(std::size_t track) const;
  // Gives the frame to the muxer, `base` subtracted from its times. False when the writer has failed.
  bool push(const Frame &frame, Nanoseconds base);
  // The track has nothing between two line times: the muxer need not wait for it.
  void gap(std::size_t track, Nanoseconds from, Nanoseconds until, Nanoseconds base);
  // The track has nothing more; the others go on.
  void end_track(std::size_t track);
  // MPEG-TS with video only: the next video frame starts a new segment, with its tables and headers.
  void cut(unsigned number, Nanoseconds at, Nanoseconds base);
  // Ends the file; output.end() follows when all is written. The object may be destroyed at once.
  void finish();

 private:
  struct Shared;
  struct Feed;

  explicit MuxWriter(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Feed *feed_of(std::size_t track) const;

  std::shared_ptr<Shared> shared_;  // with the muxer's pads, until both have let go
  bool finished_ = false;           // under the recorder's lock
};

}  // namespace rec
