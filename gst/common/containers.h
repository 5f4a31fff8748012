// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/model/format.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// The muxer among a container's that is installed here and takes all these tracks: its launch text. nullptr:
// none does.
const char *muxer_for(const Container &container,
                      const std::vector<std::pair<MediaKind, Ref<GstCaps>>> &tracks);

// What a container holds with the muxers that are installed here. Remembers its latest answers, so that it
// can be asked for every frame. Not thread-safe.
class Holdings {
 public:
  explicit Holdings(const Container &container) : container_(&container) {}

  bool holds(MediaKind kind, const Ref<GstCaps> &caps);

 private:
  const Container *container_;
  std::deque<std::pair<Ref<GstCaps>, bool>> known_;  // latest last, few
};

// For a person: that the container cannot hold this, which format can, and what would help. Tells the codec
// and the part of its caps that matters.
std::string cannot_hold(const Container &container, MediaKind kind, const Ref<GstCaps> &caps);

}  // namespace rec
