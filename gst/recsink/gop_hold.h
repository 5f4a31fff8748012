// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <deque>
#include <utility>

#include "gst/common/frame.h"
#include "gst/recsink/open_file.h"

namespace rec {

// A group of frames, from one that a file can begin with to the next one, whose place is known when it is
// complete: to keep a file within its limit one has to know what comes before the next place for a cut.
class GopHold {
 public:
  static constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;  // then it is not waited for

  void push(const Frame &frame) {
    if (frames_.empty()) end_ = frame.end();
    const bool has_video = frames_.empty() ? false : frames_.front().kind == MediaKind::video;
    if (frame.kind == MediaKind::video || !has_video) end_ = std::max(end_, frame.end());
    running_end_ = std::max(running_end_, frame.source_pts);
    bytes_ += gst_buffer_get_size(frame.buffer.get()) + kFrameOverhead;
    frames_.push_back(frame);
  }
  std::deque<Frame> take() {
    bytes_ = 0;
    running_end_ = Nanoseconds::min();
    return std::exchange(frames_, {});
  }

  bool empty() const { return frames_.empty(); }
  bool is_full() const { return bytes_ >= kMostBytes; }
  std::size_t size() const { return frames_.size(); }
  std::uint64_t bytes() const { return bytes_; }
  Nanoseconds end() const { return end_; }  // of its pictures; of its sound where there are none
  Nanoseconds last_running_time() const { return running_end_; }  // of its latest frame, as it came

 private:
  std::deque<Frame> frames_;
  std::uint64_t bytes_ = 0;
  Nanoseconds end_{0};
  Nanoseconds running_end_ = Nanoseconds::min();
};

}  // namespace rec
