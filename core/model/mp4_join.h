// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/model/joined_parts.h"

namespace rec {

// Several plain MP4 files as one, its index in front: `head` (ftyp, moov, the header of the mdat), then the
// pieces. The time of every part begins where the longest track of the part before it ends, for all tracks
// alike, so that sound and picture stay as far apart as they were; a track that ends earlier lets its last
// sample last. Edit lists may shift a track and no more.
//
// Those from the first on are joined that fit together; media.left_out says why the next one does not:
// invalid_argument = a track that the first has not, another codec, another picture size, other parameter
// sets, or another timescale; corrupt = it is no plain MP4. An Error: already the first one cannot be used.
// Hostile bytes are fine. Memory: a few bytes per sample.
struct Mp4Join {
  struct Piece {  // bytes of a part, as they are
    std::size_t part = 0;
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
  };
  std::string head;
  std::vector<Piece> pieces;  // one for each part that is in it
  JoinedMedia media;
};
Result<Mp4Join> plan_mp4_join(std::span<const ByteSource> parts);

// The same of ranges of parts, which may also be growing: whole fragments behind a moov. Times count from the
// part's beginning; nothing = from it, to its end. A range begins with the last keyframe at or before `from`
// and ends with the last frame that is shown before `to`; not_found = there is no frame in it. Pieces may
// hold bytes that belong to no frame.
struct Mp4Range {
  ByteSource source;
  std::optional<Nanoseconds> from;
  std::optional<Nanoseconds> to;
};
Result<Mp4Join> plan_mp4_join(std::span<const Mp4Range> parts);

}  // namespace rec
