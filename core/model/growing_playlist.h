// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/media_playlist.h"

namespace rec {

// A playlist that grows at its end while it is recorded, in memory that does not grow with it: its header,
// sums over its segments, and what the file does not say yet. A segment costs the lines that are appended
// for it, the first as the ten thousandth.
//
//   playlist.list(segment) and playlist.open(next), then
//   unless must_be_rewritten(): more() is appended to the file, else whole(its segments) replaces it;
//   then written().
class GrowingPlaylist {
 public:
  // Goes on where `beginning` ends. `is_written`: a file says all of it; else there is none yet.
  explicit GrowingPlaylist(MediaPlaylist beginning, bool is_written);

  Seconds target_duration() const { return pending_.target_duration; }
  const std::optional<OpenSegment> &open_segment() const { return pending_.open; }
  std::uint64_t segments() const { return segments_; }
  std::uint64_t next_sequence() const { return pending_.media_sequence + segments_; }
  PlaylistDuration duration() const { return duration_; }  // media in all segments
  const MediaSegment *last() const;                        // null: there is none
  // Wall clock of the first frame, and of where the last segment ends; nothing where no
  // EXT-X-PROGRAM-DATE-TIME is at or before it.
  std::optional<PlaylistTime> start() const { return start_; }
  std::optional<PlaylistTime> end() const;

  // Names the segment that is written now. Refused as a listed one would be; nothing has changed then.
  Status open(OpenSegment segment);
  // Nothing of it plays.
  void forget_open() { pending_.open.reset(); }
  // Adds a segment, which also ends the open one. Returns whether EXT-X-TARGETDURATION had to be raised for
  // it: by more than it needs, so that this stays rare.
  Result<bool> list(MediaSegment segment);

  // There is no file yet, or its header is not right any more.
  bool must_be_rewritten() const { return rewrite_; }
  // The lines that the file lacks; "" when it lacks none.
  Result<std::string> more() const;
  // All of it. `in_file`: the segments that the file lists.
  MediaPlaylist whole(std::vector<MediaSegment> in_file) const;
  // The file says all now.
  void written();

 private:
  void count(const MediaSegment &segment);
  void need(unsigned version, Seconds target_duration);  // of the header

  MediaPlaylist pending_;  // the header, and what the file does not say yet
  bool open_is_written_ = false;
  bool rewrite_ = false;
  std::uint64_t segments_ = 0;
  PlaylistDuration duration_{0};
  std::optional<PlaylistTime> start_, dated_;  // dated_: the last EXT-X-PROGRAM-DATE-TIME
  PlaylistDuration since_dated_{0};
  std::optional<MediaSegment> last_written_;
};

// EXT-X-TARGETDURATION for a recording whose segments should be so long: a cut waits for a keyframe, and the
// tag must not change once it was published (RFC 8216 section 6.2.1).
Seconds roomy_target_duration(Seconds segment);

}  // namespace rec
