// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/disk/disk_file.h"
#include "core/model/trail.h"

namespace rec {

// The end of a recording that may be continued (core/model/trail.h), in a hidden file beside its playlist
// (`.NAME.trail`): grows by a record per frame, handed to the system before the frame itself is, so that it
// survives the process; written anew when it has three times what is kept. After a power cut it may lack
// some: then what is sent again is recorded again.
//
// Not thread-safe. Blocks on the disk: muxer threads and workers only.
class TrailFile {
 public:
  static std::string path_of(const std::string &playlist);
  // What the file beside this playlist holds; nothing when there is none.
  static Trail read(const std::string &playlist);
  static void remove(const std::string &playlist);

  // Puts a file with this trail beside the playlist, in place of the one that is there.
  static Result<TrailFile> create(const std::string &playlist, const Trail &trail);
  // Adds records of what `trail` has got.
  Status append(std::string_view records, const Trail &trail);

 private:
  explicit TrailFile(DiskFile file) : file_(std::move(file)) {}

  DiskFile file_;
  std::uint64_t size_ = 0;  // bytes
};

}  // namespace rec
