// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/media_spread.h"

namespace rec {

// A file or a segment, as far as its quality is concerned.
struct QualityPiece {
  Nanoseconds duration{0};            // of the media
  bool after_break = false;           // the first one after a splice: a discontinuity, or a gap
  std::optional<MediaSpread> spread;  // nothing: it is not known (a recorder died over it)
};

// Gaps of the same reason.
struct GapTotal {
  std::string reason;  // TimelineSpan::reason
  std::uint64_t count = 0;
  Nanoseconds time{0};  // wall clock
  bool operator==(const GapTotal &) const = default;
};

// Frames that came and are not in the recording.
struct DropTotal {
  std::string format;  // that lacks them; "" = all
  std::string reason;  // MediaCounts::drops
  std::uint64_t frames = 0;
  bool operator==(const DropTotal &) const = default;
};

// What is known of a finished recording.
struct QualityFacts {
  std::vector<QualityPiece> pieces;  // in playback order, of one format
  std::vector<GapTotal> gaps;        // between them
  std::vector<DropTotal> drops;
  std::uint64_t failed_files = 0;
  Nanoseconds wall_clock{0};  // from its first media to its last, gaps included; 0 = not known
};

// What the check of a finished recording found. Nothing is decoded for it: black, silent and frozen media are
// not looked for.
struct Quality {
  Nanoseconds media{0};
  Nanoseconds wall_clock{0};  // QualityFacts
  std::vector<GapTotal> gaps;
  std::uint64_t splices = 0;  // places where something else follows than what was recorded before
  // Of the first and of the last piece, and the one that is farthest from 0 (MediaSpread).
  std::optional<Nanoseconds> audio_start, audio_end, audio_worst;
  std::uint64_t keyframes = 0;
  Nanoseconds mean_gop{0};     // 0 = no video, or not known
  Nanoseconds longest_gop{0};  //
  std::vector<DropTotal> drops;
  std::uint64_t failed_files = 0;
};

enum class QualityProblem {
  gaps,           // there are gaps
  audio_offset,   // audio begins or ends more than kLongestOffset before or after the video
  keyframes,      // more than kLongestGop without a keyframe
  media_missing,  // less media than wall clock without gaps: more than 2 s and 2 %
  drops,          // frames were lost; not those that no recording could have begun with, and the like
  failed_files,
};
std::string_view name_of(QualityProblem problem);  // "audio-offset"

inline constexpr Milliseconds kLongestOffset{500};
inline constexpr Seconds kLongestGop{10};

Quality judge_quality(const QualityFacts &facts);
// None: it is clean. Media that came faster than it plays lacks nothing.
std::vector<QualityProblem> problems_of(const Quality &quality);
// For people, one line: "clean", "2 gaps, 7.0 s in all; no keyframe for 11.0 s".
std::string summary_of(const Quality &quality);

}  // namespace rec
