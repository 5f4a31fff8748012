// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/quality.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::chrono_literals;
using Problems = std::vector<QualityProblem>;

// 25 pictures a second with a keyframe every `gop` of them, and 50 audio frames a second.
MediaSpread spread_of(Nanoseconds video_from, Nanoseconds video_to, Nanoseconds audio_from,
                      Nanoseconds audio_to, int gop) {
  SpreadMeter meter;
  int picture = 0;
  for (Nanoseconds t = video_from; t < video_to; t += 40ms)
    meter.add(MediaKind::video, picture++ % gop == 0, t, 40ms);
  for (Nanoseconds t = audio_from; t < audio_to; t += 20ms) meter.add(MediaKind::audio, true, t, 20ms);
  return meter.spread();
}

QualityPiece clean_piece() { return {.duration = 10s, .spread = spread_of(5s, 15s, 5s, 15s, 50)}; }

QualityFacts clean_facts() {
  QualityFacts facts;
  facts.pieces = {clean_piece(), clean_piece(), clean_piece()};
  facts.wall_clock = 31s;
  return facts;
}

TEST(MediaSpread, TellsWhereTracksBeginAndEndAndWhereKeyframesAre) {
  EXPECT_EQ(spread_of(5s, 15s, 5s + 60ms, 15s - 40ms, 50), (MediaSpread{5, 2s, 60ms, -40ms}));
  EXPECT_EQ(spread_of(5s, 5s, 1s, 2s, 50), (MediaSpread{}));
  EXPECT_EQ(spread_of(0s, 1s, 0s, 0s, 100), (MediaSpread{1, 1s, std::nullopt, std::nullopt}));
}

TEST(MediaSpread, FindsTheLongestTimeWithoutAKeyframeWhereverItIs) {
  SpreadMeter meter;
  for (const auto &[pts, keyframe] :
       {std::pair{0s, true}, {1s, false}, {2s, true}, {3s, false}, {9s, true}, {10s, false}})
    meter.add(MediaKind::video, keyframe, pts, 1s);
  EXPECT_EQ(meter.spread().longest_gop, 7s);
  meter.add(MediaKind::video, false, 20s, 1s);
  EXPECT_EQ(meter.spread().longest_gop, 12s);
}

TEST(MediaSpread, TakesPicturesThatAreShownBeforeTheirKeyframe) {
  SpreadMeter meter;
  meter.add(MediaKind::video, true, 80ms, 40ms);
  meter.add(MediaKind::video, false, 40ms, 40ms);
  meter.add(MediaKind::audio, true, 40ms, 80ms);
  EXPECT_EQ(meter.spread(), (MediaSpread{1, 40ms, 0ms, 0ms}));
}

TEST(MediaSpread, OfPartsIsThatOfTheWhole) {
  const MediaSpread first{2, 3s, 20ms, 700ms}, silent{4, 5s, std::nullopt, std::nullopt},
      last{1, 1s, 10ms, -5ms};
  EXPECT_EQ(joined(first, last), (MediaSpread{3, 3s, 20ms, -5ms}));
  EXPECT_EQ(joined(first, silent), (MediaSpread{6, 5s, 20ms, 700ms}));
  EXPECT_EQ(joined(silent, last), (MediaSpread{5, 5s, 10ms, -5ms}));
}

TEST(Quality, OfACleanRecordingHasNoProblems) {
  const Quality quality = judge_quality(clean_facts());
  EXPECT_EQ(problems_of(quality), Problems{});
  EXPECT_EQ(quality.media, 30s);
  EXPECT_EQ(quality.splices, 0);
  EXPECT_EQ(quality.keyframes, 15);
  EXPECT_EQ(quality.mean_gop, 2s);
  EXPECT_EQ(quality.longest_gop, 2s);
  EXPECT_EQ(quality.audio_start, 0ns);
  EXPECT_EQ(quality.audio_end, 0ns);
}

TEST(Quality, NamesGapsDropsAndFailedFiles) {
  QualityFacts facts = clean_facts();
  facts.gaps = {{"interruption", 2, 7s}};
  facts.wall_clock += 7s;
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{QualityProblem::gaps});
  facts.drops = {{"", "repeated", 3}, {"hls", "before-keyframe", 4}};
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{QualityProblem::gaps});
  facts.drops = {{"flv", "file-failed", 12}};
  facts.failed_files = 1;
  const Quality quality = judge_quality(facts);
  EXPECT_EQ(problems_of(quality),
            (Problems{QualityProblem::gaps, QualityProblem::drops, QualityProblem::failed_files}));
  EXPECT_EQ(quality.gaps, facts.gaps);
  EXPECT_EQ(quality.drops, facts.drops);
}

TEST(Quality, SaysInALineWhatIsWrong) {
  QualityFacts facts = clean_facts();
  EXPECT_EQ(summary_of(judge_quality(facts)), "clean");
  facts.gaps = {{"interruption", 1, 6s}, {"video dropped", 1, 1s}};
  facts.wall_clock = 50s;
  facts.pieces[1].spread = spread_of(5s, 15s, 5s, 12s, 50);
  facts.drops = {{"flv", "file-failed", 1}, {"", "repeated", 5}};
  facts.failed_files = 2;
  EXPECT_EQ(summary_of(judge_quality(facts)),
            "2 gaps, 7.0 s in all; audio begins or ends 3.0 s before the video; 13.0 s less media than time "
            "went by; 1 frame lost; 2 files failed");
}

TEST(Quality, FindsAudioThatIsMissingAtTheBeginningInTheMiddleOrAtTheEnd) {
  for (const std::size_t where : {0, 1, 2}) {
    QualityFacts facts = clean_facts();
    facts.pieces[where].spread = spread_of(5s, 15s, 6s, 15s, 50);
    const Quality quality = judge_quality(facts);
    EXPECT_EQ(problems_of(quality), Problems{QualityProblem::audio_offset});
    EXPECT_EQ(quality.audio_start, where == 0 ? 1s : 0s);
    EXPECT_EQ(quality.audio_worst, 1s);
    facts.pieces[where].spread = spread_of(5s, 15s, 5s, 12s, 50);
    EXPECT_EQ(judge_quality(facts).audio_end, where == 2 ? -3s : 0s);
    EXPECT_EQ(judge_quality(facts).audio_worst, -3s);
  }
}

TEST(Quality, FindsKeyframesTooFarApart) {
  QualityFacts facts = clean_facts();
  facts.pieces.push_back({.duration = 11s, .spread = spread_of(0s, 11s, 0s, 11s, 1000)});
  facts.wall_clock += 11s;
  const Quality quality = judge_quality(facts);
  EXPECT_EQ(problems_of(quality), Problems{QualityProblem::keyframes});
  EXPECT_EQ(quality.longest_gop, 11s);
  EXPECT_EQ(quality.mean_gop, 41s / 16.0);
}

TEST(Quality, MissesMediaThatTheWallClockHadTimeFor) {
  QualityFacts facts = clean_facts();
  facts.wall_clock = 33s;
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{QualityProblem::media_missing});
  facts.gaps = {{"interruption", 1, 2s}};
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{QualityProblem::gaps});
  facts.gaps.clear();
  facts.wall_clock = 1s;  // faster than it plays
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{});
  facts.pieces.assign(360, clean_piece());
  facts.wall_clock = 1h + 60s;  // less than 2 %
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{});
  facts.wall_clock = 1h + 90s;
  EXPECT_EQ(problems_of(judge_quality(facts)), Problems{QualityProblem::media_missing});
}

TEST(Quality, CountsSplicesAndGuessesNothing) {
  QualityFacts facts = clean_facts();
  facts.pieces[0].after_break = facts.pieces[2].after_break = true;
  facts.pieces[2].spread.reset();
  const Quality quality = judge_quality(facts);
  EXPECT_EQ(problems_of(quality), Problems{});
  EXPECT_EQ(quality.splices, 1);
  EXPECT_EQ(quality.audio_end, std::nullopt);
  EXPECT_EQ(quality.mean_gop, 2s);
  EXPECT_EQ(judge_quality({}).mean_gop, 0s);
}

}  // namespace
}  // namespace rec
