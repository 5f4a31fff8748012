// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/model/format.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Whose files: what a recorder of this format and location would have begun.
struct PartOrigin {
  Format format = Format::flv;
  std::string location;
  std::string time_zone;
};

// Completes what dead recorders left, on a thread of GStreamer's shared pool, one file at a time; a living
// recorder's file is locked and stays. Each is told: recsink-file-recovered, or recsink-file-failed when
// nothing playable is in it; then it is kept as ".<name>.lost". `element` posts the messages. Ends early when
// `is_cancelled` becomes true.
void recover_parts_later(GstElement *element, std::vector<PartOrigin> origins,
                         std::shared_ptr<std::atomic<bool>> is_cancelled);

}  // namespace rec
