// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/sqlite.h"
#include "core/model/media_counts.h"
#include "core/service/catalogue_rows.h"

// How recordings go: sums that are kept beside the rows that they are of, so that nobody has to read all
// segments of a long recording to know them. They are written while it is recorded, a few seconds late at the
// most, and stay when it is finished.
namespace rec {

class Catalogue;

struct GapSum {
  std::uint64_t gaps = 0;
  Nanoseconds length{0};
};

struct RecordingProgress {
  MediaCounts counted = {};                    // by its recorders; nothing where elements are not ours
  std::optional<UtcTime> last_media = {};      // when the last frame came; nothing = not known
  std::uint64_t segments = 0;                  // complete
  std::uint64_t stored_bytes = 0;              // of complete segments and files
  Nanoseconds segment_media{0};                // in complete segments
  std::optional<UtcTime> recorded_until = {};  // wall clock of the end of the last segment
  std::map<std::string, GapSum> gaps = {};     // of its HLS, by reason (TimelineSpan::reason)
};
// Zeroes where nothing was counted, or the recording is older than the counters.
Result<RecordingProgress> progress_of(SqlDatabase &db, std::int64_t recording_id);

// Adds what was counted since the last time, in a transaction of its own. `last_media` only moves forwards.
Status add_counts(Catalogue &catalogue, std::int64_t recording_id, const MediaCounts &since,
                  const std::optional<UtcTime> &last_media);

// For the catalogue's own sources, in the transaction of the row. A segment must not have been counted.
Status count_segment(SqlDatabase &db, const NewSegment &segment);
Status count_file(SqlDatabase &db, std::int64_t recording_id, std::uint64_t size_bytes);

}  // namespace rec
