// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/model/format.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Mends the headers of stock muxers on their way into the file. Muxer's thread.
class HeaderPolish {
 public:
  explicit HeaderPolish(Format format) : format_(format) {}

  // What to write instead of the muxer's buffer. Media pass as they are, and what follows keeps its place.
  Ref<GstBuffer> polish(Ref<GstBuffer> buffer);
  // The muxer goes back in the file: what follows may be a header again.
  void seek() { in_flv_header_ = true; }

 private:
  const Format format_;
  bool in_flv_header_ = true;  // until media come
};

}  // namespace rec
