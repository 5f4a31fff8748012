// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include "core/model/container_repair.h"

namespace rec {

// A plain MP4 whose index comes before its media: the first head_bytes, then `moov`, then the media_bytes
// that followed the head.
struct Mp4Front {
  std::uint64_t head_bytes = 0;
  std::string moov;  // the whole box
  std::uint64_t media_bytes = 0;
};

// How to get there. nullopt: the index is in front already. Errors: corrupt = this is no plain MP4 (ftyp,
// media, one moov at the end). Hostile bytes are fine.
Result<std::optional<Mp4Front>> plan_mp4_front(const ByteSource &source);

}  // namespace rec
