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

namespace rec {

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
};

// Waits for muxers that are finishing. One per recorder element; outlives its writers.
class WriterGroup {
 public:
  explicit WriterGroup(GstBin *bin) : bin_(bin) {}
  GstBin *bin() const { return bin_; }
  void enter() REC_EXCLUDES(mutex_);
  void leave() REC_EXCLUDES(mutex_);
  // Until every writer is gone, or `timeout`. False when some are left.
  bool wait_empty(Nanoseconds timeout) REC_EXCLUDES(mutex_);

 private:
  GstBin *bin_;  // borrowed: owns us
  Mutex mutex_;
  std::condition_variable changed_;
  unsigned alive_ REC_GUARDED_BY(mutex_) = 0;
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
