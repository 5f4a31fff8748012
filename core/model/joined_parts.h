// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include "core/model/container_repair.h"

namespace rec {

// What a file that was joined from parts holds.
struct JoinedMedia {
  std::uint64_t size_bytes = 0;  // of the file
  Nanoseconds duration{0};
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
  std::size_t parts = 0;          // how many of those that were given, from the first on
  std::optional<Error> left_out;  // why the next one does not continue them; nothing: all are in it
};

}  // namespace rec
