// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/quality.h"

#include <algorithm>
#include <cstdio>

namespace rec {
namespace {

constexpr Seconds kLeastMissing{2};
constexpr int kMissingShare = 50;  // one of so many
constexpr std::string_view kFlaws[] = {"not-supported", "file-failed", "write-failed", "refused"};

void take_if_worse(const std::optional<Nanoseconds> &offset, std::optional<Nanoseconds> &worst) {
  if (offset && (!worst || std::chrono::abs(*offset) > std::chrono::abs(*worst))) worst = offset;
}

bool is_long(const std::optional<Nanoseconds> &offset) {
  return offset && std::chrono::abs(*offset) > kLongestOffset;
}

// The others are as they should be: sent again, too short for what was asked, not decodable from the
// beginning.
bool is_flaw(const DropTotal &drop) {
  return std::find(std::begin(kFlaws), std::end(kFlaws), drop.reason) != std::end(kFlaws);
}

Nanoseconds total(const std::vector<GapTotal> &gaps) {
  Nanoseconds time{0};
  for (const GapTotal &gap : gaps) time += gap.time;
  return time;
}

Nanoseconds missing_media(const Quality &quality) {
  return quality.wall_clock - total(quality.gaps) - quality.media;
}

bool lacks_media(const Quality &quality) {
  const Nanoseconds missing = missing_media(quality);
  return missing > kLeastMissing && missing > (missing + quality.media) / kMissingShare;
}

std::string seconds_text(Nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(time).count());
  return text;
}

std::string count_text(std::uint64_t count, const char *what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string offset_text(Nanoseconds offset) {
  return "audio begins or ends " + seconds_text(std::chrono::abs(offset)) +
         (offset > Nanoseconds(0) ? " after" : " before") + " the video";
}

std::string text_of(QualityProblem problem, const Quality &quality) {
  std::uint64_t count = 0;
  switch (problem) {
    case QualityProblem::gaps:
      for (const GapTotal &gap : quality.gaps) count += gap.count;
      return count_text(count, "gap") + ", " + seconds_text(total(quality.gaps)) + " in all";
    case QualityProblem::audio_offset:
      return offset_text(*quality.audio_worst);
    case QualityProblem::keyframes:
      return "no keyframe for " + seconds_text(quality.longest_gop);
    case QualityProblem::media_missing:
      return seconds_text(missing_media(quality)) + " less media than time went by";
    case QualityProblem::drops:
      for (const DropTotal &drop : quality.drops) count += is_flaw(drop) ? drop.frames : 0;
      return count_text(count, "frame") + " lost";
    case QualityProblem::failed_files:
      break;
  }
  return count_text(quality.failed_files, "file") + " failed";
}

}  // namespace

std::string_view name_of(QualityProblem problem) {
  switch (problem) {
    case QualityProblem::gaps:
      return "gaps";
    case QualityProblem::audio_offset:
      return "audio-offset";
    case QualityProblem::keyframes:
      return "keyframes";
    case QualityProblem::media_missing:
      return "media-missing";
    case QualityProblem::drops:
      return "drops";
    case QualityProblem::failed_files:
      break;
  }
  return "failed-files";
}

Quality judge_quality(const QualityFacts &facts) {
  Quality quality;
  quality.wall_clock = facts.wall_clock;
  quality.gaps = facts.gaps;
  quality.drops = facts.drops;
  quality.failed_files = facts.failed_files;
  Nanoseconds known_video{0};
  bool is_first = true;
  for (const QualityPiece &piece : facts.pieces) {
    quality.media += piece.duration;
    quality.splices += piece.after_break && !is_first ? 1 : 0;
    const bool begins = is_first;
    is_first = false;
    if (!piece.spread) {
      quality.audio_end.reset();
      continue;
    }
    const MediaSpread &spread = *piece.spread;
    if (spread.keyframes > 0) known_video += piece.duration;
    quality.keyframes += spread.keyframes;
    quality.longest_gop = std::max(quality.longest_gop, spread.longest_gop);
    if (begins) quality.audio_start = spread.audio_start;
    quality.audio_end = spread.audio_end;
    take_if_worse(spread.audio_start, quality.audio_worst);
    take_if_worse(spread.audio_end, quality.audio_worst);
  }
  if (quality.keyframes > 0)
    quality.mean_gop = known_video / static_cast<Nanoseconds::rep>(quality.keyframes);
  return quality;
}

std::vector<QualityProblem> problems_of(const Quality &quality) {
  std::vector<QualityProblem> problems;
  if (!quality.gaps.empty()) problems.push_back(QualityProblem::gaps);
  if (is_long(quality.audio_worst)) problems.push_back(QualityProblem::audio_offset);
  if (quality.longest_gop > kLongestGop) problems.push_back(QualityProblem::keyframes);
  if (lacks_media(quality)) problems.push_back(QualityProblem::media_missing);
  if (std::any_of(quality.drops.begin(), quality.drops.end(), is_flaw))
    problems.push_back(QualityProblem::drops);
  if (quality.failed_files > 0) problems.push_back(QualityProblem::failed_files);
  return problems;
}

std::string summary_of(const Quality &quality) {
  std::string text;
  for (const QualityProblem problem : problems_of(quality))
    text += (text.empty() ? "" : "; ") + text_of(problem, quality);
  return text.empty() ? "clean" : text;
}

}  // namespace rec
