// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "gst/common/containers.h"
#include "gst/common/frame.h"
#include "gst/common/tags.h"
#include "gst/common/writer_group.h"

namespace rec {

// What a writer may owe to a disk that is slow or does not answer. Beyond it the file is given up: a push
// fails, the output hears give_up(). 0: no limit.
struct WriterLimits {
  std::uint64_t bytes = 0;  // frames that the muxer holds
  Nanoseconds silence{0};   // of the disk: one call of the output
};

// Takes what one writer makes. Called on the writer's own thread, one call at a time, never by a streaming
// thread of the pipeline: it may touch the disk, post messages and wait for a worker.
class MuxOutput {
 public:
  virtual ~MuxOutput() = default;
  // The next bytes. `buffer` may be kept; its PTS is that of its media. Where nothing muxes
  // (SegmentFormat::cmaf) it is a frame as it was pushed, and its offset is the place of its track in
  // create(). An Error ends the writer.
  virtual Status write(Ref<GstBuffer> buffer) = 0;
  // The next bytes go to this offset (a header is completed at the end).
  virtual Status seek(std::uint64_t offset) = 0;
  // Writer::cut() has come through: what follows belongs to the next segment. `number` is cut()'s.
  virtual void cut(unsigned number) { (void)number; }
  // Everything was written after Writer::finish(), or the writer failed or was aborted. The last call.
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

// Makes one file, or one run of segments, of the frames that it is given. How is its own business; whoever
// records knows no more than this.
//
// Time starts at 0: frames come relative to the begin of the file. All functions are called under the
// recorder's lock; none of them waits or calls out of the recorder.
class Writer {
 public:
  struct Track {
    std::size_t track;  // Frame::track
    MediaKind kind;
    Ref<GstCaps> caps;
    TrackTags tags = {};  // go into the file's header
  };

  // The writer of the container's row. `name` tells it from others of the element.
  static Result<std::unique_ptr<Writer>> create(const std::shared_ptr<WriterGroup> &group,
                                                const Container &container, const std::string &name,
                                                const std::vector<Track> &tracks,
                                                std::unique_ptr<MuxOutput> output);
  // Without finish(): aborts. The output's end() may come later, on another thread.
  virtual ~Writer() = default;
  Writer() = default;
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;

  virtual bool has_track(std::size_t track) const = 0;
  // Gives the frame to the muxer, `base` subtracted from its times. False when the writer has failed.
  virtual bool push(const Frame &frame, Nanoseconds base) = 0;
  // The track has nothing between two line times: the muxer need not wait for it.
  virtual void gap(std::size_t track, Nanoseconds from, Nanoseconds until, Nanoseconds base) = 0;
  // The track has nothing more; the others go on.
  virtual void end_track(std::size_t track) = 0;
  // HLS with video only: the next video frame starts a new segment, in MPEG-TS with its tables and headers.
  virtual void cut(unsigned number, Nanoseconds at, Nanoseconds base) = 0;
  // Ends the file; output.end() follows when all is written. The object may be destroyed at once.
  virtual void finish() = 0;
};

}  // namespace rec
