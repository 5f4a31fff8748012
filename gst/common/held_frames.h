// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <deque>
#include <utility>

#include "gst/common/frame.h"

namespace rec {

// Audio that waits for a file (a period) that can take it. Bounded in frames, about a minute and a half of
// AAC, and in bytes.
class HeldFrames {
 public:
  static constexpr std::size_t kMostFrames = 4096;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  // Nothing more should be pushed.
  bool is_full() const { return frames_.size() >= kMostFrames || bytes_ >= kMostBytes; }
  bool empty() const { return frames_.empty(); }
  std::size_t size() const { return frames_.size(); }
  const Frame &front() const { return frames_.front(); }

  void push(const Frame &frame) {
    bytes_ += gst_buffer_get_size(frame.buffer.get());
    frames_.push_back(frame);
  }
  void pop_front() {
    bytes_ -= gst_buffer_get_size(frames_.front().buffer.get());
    frames_.pop_front();
  }
  // Hands over everything.
  std::deque<Frame> take() {
    bytes_ = 0;
    return std::exchange(frames_, {});
  }

 private:
  std::deque<Frame> frames_;
  std::size_t bytes_ = 0;
};

}  // namespace rec
