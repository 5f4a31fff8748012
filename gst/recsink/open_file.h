// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <vector>

#include "core/base/sync.h"
#include "core/model/cut_rule.h"
#include "gst/common/intake.h"
#include "gst/common/writer.h"
#include "gst/recsink/file_output.h"

namespace rec {

// A file that is being written: the muxer, the tracks it was promised and what it has taken so far. Times are
// those of the line. Under the recorder's lock.
class OpenFile {
 public:
  struct Begin {
    std::vector<Writer::Track> tracks;
    Nanoseconds base{0};   // the file's 0
    Nanoseconds first{0};  // PTS of the frame that begins it
    FileLimits limits;
  };

  // `facts` is shared with the output.
  OpenFile(Begin begin, std::unique_ptr<Writer> writer, std::shared_ptr<Guarded<FileEnd>> facts);

  // Whether the frame's track is in the file, in this encoding.
  bool fits(const Frame &frame) const;
  // False when the muxer takes no more: its output says why.
  bool store(const Frame &frame);
  // After store() has failed: true when the output has not ended yet; then it calls Trouble::go_on() when it
  // does.
  bool await_end();
  // A muxer waits for every track that it was promised; a dead one must not keep the others from the disk.
  // `now`: line time that the others have reached.
  void keep_silent_tracks_moving(const Container &container, const Intake &intake, Nanoseconds now);
  // Everything was given; the output ends later.
  void finish() { writer_->finish(); }

  const FileLimits &limits() const { return begin_.limits; }
  // What the file would hold if it ended where `end` begins, `more` bytes of media later.
  FileExtent extent_to(Nanoseconds end, std::uint64_t more = 0) const;
  Nanoseconds video_end() const { return video_end_; }  // of its last video frame

  bool keyframe_requested = false;  // for the cut that is due

 private:
  Begin begin_;
  struct Fed {
    std::size_t number = 0;  // of the file's tracks
    Nanoseconds until{0};    // the muxer knows what there is
    bool begun = false;
  };
  void begin_track(Fed &fed, const Frame &frame);

  std::vector<Fed> fed_;  // per track
  Nanoseconds end_{0};    // of the media in it
  Nanoseconds video_end_{0};
  std::uint64_t bytes_ = 0;  // about the size of the file
  std::unique_ptr<Writer> writer_;
  std::shared_ptr<Guarded<FileEnd>> facts_;
};

// What a container adds to a frame, in bytes, and to a file: for limits of size.
inline constexpr std::uint64_t kFrameOverhead = 64;
inline constexpr std::uint64_t kFileOverhead = 4096;

}  // namespace rec
