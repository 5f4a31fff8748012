// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "core/model/format.h"
#include "core/model/mp4_edits.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Mends the headers of stock muxers on their way into the file. Muxer's thread.
class HeaderPolish {
 public:
  // `starts`: how the file's tracks begin, so far.
  using Starts = std::function<std::vector<Mp4TrackStart>()>;

  HeaderPolish(Format format, Starts starts) : format_(format), starts_(std::move(starts)) {}

  // What to write instead of the muxer's buffer. Media pass as they are, and what follows keeps its place.
  Ref<GstBuffer> polish(Ref<GstBuffer> buffer);
  // Whether a fragment of an MP4 ends with the buffer that was polished last: written at once it is never
  // seen without its media.
  bool ends_fragment() const { return ends_fragment_; }
  // The muxer goes back in the file: what follows may be a header again.
  void seek() { in_flv_header_ = true; }

 private:
  void follow_fragments(GstBuffer *buffer);

  const Format format_;
  const Starts starts_;
  std::uint64_t media_bytes_left_ = 0;  // of the mdat that is being written
  bool ends_fragment_ = false;
  bool in_flv_header_ = true;  // until media come
};

}  // namespace rec
