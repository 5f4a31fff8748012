// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/joined_parts.h"

namespace rec {

// Several FLV files as one: the tags of the first, then those of the second behind its last frame, and so on.
// The first frame is at 0, every frame of a part is moved by the same time (whole milliseconds, as FLV
// counts), so that sound and picture stay as far apart as they were. A configuration that is repeated
// unchanged, the metadata and "end of sequence" of each part are left out; metadata with the true duration,
// size and keyframe index is written in front.
//
// A part may lack a track that others have. Those from the first on are joined that fit together;
// media.left_out says why the next one does not: invalid_argument = another codec, another sound format,
// another picture size, or more than FLV's 24 days; corrupt = it is no whole FLV. An Error: already the first
// one cannot be used. Memory does not grow with the parts.
struct FlvJoin {
  struct Window {  // times of the part: of the frames that are taken over
    std::int64_t first_ms = std::numeric_limits<std::int64_t>::min();
    std::int64_t behind_last_ms = std::numeric_limits<std::int64_t>::max();
  };
  std::string head;                     // header, metadata and what else comes before the first tag
  std::vector<std::int64_t> shifts_ms;  // of each part that is in it
  std::vector<Window> windows;          // of the same
  JoinedMedia media;
};
Result<FlvJoin> plan_flv_join(std::span<const ByteSource> parts);

// The same of ranges of parts, which may be growing: what is behind their last whole tag is left alone. Times
// count from the part's first frame; nothing = from it, to its end. A range begins with the last keyframe at
// or before `from`; not_found = there is no frame in it.
struct FlvRange {
  ByteSource source;
  std::optional<Nanoseconds> from;
  std::optional<Nanoseconds> to;
};
Result<FlvJoin> plan_flv_join(std::span<const FlvRange> parts);

// Gives the bytes behind the head to `write`, piece by piece. An Error of `write` ends it and is returned;
// corrupt = a part is not what it was when this was planned.
using WriteBytes = std::function<Status(std::string_view bytes)>;
Status write_flv_join(const FlvJoin &join, std::span<const ByteSource> parts, const WriteBytes &write);

}  // namespace rec
