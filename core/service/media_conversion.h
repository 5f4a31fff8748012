// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/disk/joined_file.h"

namespace rec {

enum class MediaKindOfFile { mp4, flv, ts };

// Media in another container, frame by frame, without encoding anything again: by GStreamer's own elements,
// in gst-launch-1.0 as a child. For one thread.
class Conversions {
 public:
  // What is made lies on the disk of `folder`, without names there, and goes with this object.
  explicit Conversions(std::string folder) : folder_(std::move(folder)) {}

  // The range in a file that join_ranges() takes for `format` (mp4 or flv); itself, if it is in one. Errors:
  // corrupt = there is no such media in it, or a kind that the format cannot hold; unavailable = the child.
  Result<FileRange> as(Format format, MediaKindOfFile kind, const FileRange &range);

 private:
  Result<DiskFile> in_one(MediaKindOfFile kind, const FileRange &range) const;

  const std::string folder_;
  std::vector<DiskFile> made_;
};

}  // namespace rec
