// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/timeline.h"

#include <gtest/gtest.h>

#include <random>

namespace rec {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kVideo = 0;
constexpr std::size_t kAudio = 1;

// A stream of 25 frames and 50 audio frames a second, from and to (in the publisher's clock).
struct Stream {
  Timeline &line;
  unsigned breaks = 0;
  Nanoseconds last{-1};

  void send(Nanoseconds from, Nanoseconds to, bool video = true, bool audio = true) {
    for (Nanoseconds t = from; t < to; t += 20ms) {
      if (video && (t - from) % 40ms == 0ms) check(line.place(kVideo, t, 40ms));
      if (audio) check(line.place(kAudio, t, 20ms));
    }
  }
  void check(const Timeline::Place &place) {
    breaks += place.breaks;
    last = std::max(last, place.time);
  }
};

TEST(Timeline, BeginsAtZeroAndKeepsWhatIsRegular) {
  Timeline line;
  EXPECT_EQ(line.place(kVideo, 100s, 40ms).time, 0s);
  EXPECT_EQ(line.place(kAudio, 100s + 15ms, 20ms).time, 15ms);
  EXPECT_EQ(line.place(kVideo, 100s + 40ms, 40ms).time, 40ms);
  EXPECT_EQ(line.end(), 80ms);
}

TEST(Timeline, NeverGoesBackOnATrack) {
  Timeline line;
  line.place(kVideo, 1s, 40ms);
  line.place(kVideo, 2s, 40ms);
  const auto jitter = line.place(kVideo, 2s - 100ms, 40ms);
  EXPECT_EQ(jitter.time, 1s);
  EXPECT_FALSE(jitter.breaks);
}

TEST(Timeline, GoesOnWhereMediaEndedWhenTimestampsStartAgain) {
  Timeline line;
  Stream stream{line};
  stream.send(3600s, 3610s);
  EXPECT_EQ(line.end(), 10s);
  stream.send(0s, 10s);
  EXPECT_EQ(stream.breaks, 1u);
  EXPECT_EQ(line.end(), 20s);
}

TEST(Timeline, KeepsTheDistanceOfTracksAcrossABreak) {
  Timeline line;
  line.place(kVideo, 500s, 40ms);
  line.place(kAudio, 500s + 7ms, 20ms);
  const auto video = line.place(kVideo, 3s, 40ms);
  const auto audio = line.place(kAudio, 3s - 13ms, 20ms);
  EXPECT_TRUE(video.breaks);
  EXPECT_FALSE(audio.breaks);
  EXPECT_EQ(video.offset, audio.offset);
}

TEST(Timeline, MovesOneTrackAloneWhenOnlyItsTimestampsBreak) {
  Timeline line;
  Stream stream{line};
  stream.send(100s, 110s);
  EXPECT_TRUE(line.place(kAudio, 0s, 20ms).breaks);
  const auto video = line.place(kVideo, 110s, 40ms);
  EXPECT_FALSE(video.breaks);
  EXPECT_EQ(video.time, 10s);
}

TEST(Timeline, TakesAShortHoleAsSilenceAndALongOneAsABreak) {
  Timeline line;
  line.place(kVideo, 0s, 40ms);
  EXPECT_FALSE(line.place(kVideo, 9s, 40ms).breaks);
  const auto after = line.place(kVideo, 9s + 27h, 40ms);
  EXPECT_TRUE(after.breaks);
  EXPECT_EQ(after.time, 9s + 40ms);
}

TEST(Timeline, TakesASilenceOfOneTrackHoweverLongAsSilence) {
  Timeline line;
  Stream stream{line};
  stream.send(0s, 5s);
  stream.send(5s, 300s, true, false);
  const auto audio = line.place(kAudio, 300s, 20ms);
  EXPECT_FALSE(audio.breaks);
  EXPECT_TRUE(audio.jumps);
  EXPECT_EQ(audio.time, 300s);
}

TEST(Timeline, BeginsANewPeriodForAnotherPushEvenWhereItsTimestampsFit) {
  Timeline line;
  Stream stream{line};
  stream.send(0s, 10s);
  line.restart();
  stream.send(10s, 20s);
  EXPECT_EQ(stream.breaks, 1u);
  EXPECT_EQ(line.end(), 20s);
}

class TimelineWrap : public ::testing::TestWithParam<Nanoseconds> {};

TEST_P(TimelineWrap, IsNoBreak) {
  Timeline line;
  Stream stream{line};
  const Nanoseconds wrap = GetParam();
  const Nanoseconds begin = wrap - 5s - wrap % 20ms;
  stream.send(begin, begin + 5s);
  EXPECT_EQ(line.end(), 5s);
  stream.send(begin + 5s - wrap, begin + 10s - wrap);
  EXPECT_EQ(stream.breaks, 0u);
  EXPECT_EQ(line.end(), 10s);
}

TEST_P(TimelineWrap, IsTakenByEachTrackInItsTurn) {
  Timeline line;
  const Nanoseconds wrap = GetParam();
  line.place(kVideo, wrap - 40ms, 40ms);
  line.place(kAudio, wrap - 30ms, 20ms);
  EXPECT_EQ(line.place(kVideo, 0ms, 40ms).time, 40ms);
  EXPECT_EQ(line.place(kAudio, wrap - 10ms, 20ms).time, 30ms);  // still before it
  EXPECT_EQ(line.place(kVideo, 40ms, 40ms).time, 80ms);
  const auto audio = line.place(kAudio, 10ms, 20ms);
  EXPECT_EQ(audio.time, 50ms);
  EXPECT_FALSE(audio.breaks);
  EXPECT_FALSE(audio.jumps);
  EXPECT_EQ(audio.offset + 10ms, audio.time);
}

TEST_P(TimelineWrap, MayHaveAHoleAndIsThenAJump) {
  Timeline line;
  line.place(kVideo, GetParam() - 1s, 40ms);
  const auto after = line.place(kVideo, 4s, 40ms);
  EXPECT_FALSE(after.breaks);
  EXPECT_TRUE(after.jumps);
  EXPECT_EQ(after.time, 5s);
}

TEST_P(TimelineWrap, IsKnownToATrackThatBeginsBesideIt) {
  Timeline line;
  line.place(kVideo, GetParam() - 40ms, 40ms);
  line.place(kVideo, 0ms, 40ms);
  EXPECT_EQ(line.place(kAudio, 20ms, 20ms).time, 60ms);
  EXPECT_EQ(line.place(2, GetParam() - 20ms, 20ms).time, 20ms);
}

TEST_P(TimelineWrap, ComesAgainAndAgain) {
  Timeline line;
  const Nanoseconds wrap = GetParam();
  unsigned breaks = 0;
  const auto until = 5 * wrap / 2;
  for (Nanoseconds t{0}; t < until; t += 9s) breaks += line.place(kVideo, t % wrap, 1s).breaks;
  EXPECT_EQ(breaks, 0u);
  EXPECT_GT(line.end(), until - 9s);
}

INSTANTIATE_TEST_SUITE_P(Counters, TimelineWrap, ::testing::Values(kRtmpWrap, kTsWrap));

TEST(Timeline, TellsAJumpBackAndAHoleOfMoreThanASecond) {
  Timeline line;
  EXPECT_FALSE(line.place(kVideo, 100s, 40ms).jumps);
  EXPECT_FALSE(line.place(kVideo, 101s, 40ms).jumps);
  const auto hole = line.place(kVideo, 103s, 40ms);
  EXPECT_TRUE(hole.jumps);
  EXPECT_EQ(hole.step, 2s);
  const auto back = line.place(kVideo, 0s, 40ms);
  EXPECT_TRUE(back.jumps);
  EXPECT_EQ(back.step, -103s);
  line.restart();
  EXPECT_FALSE(line.place(kVideo, 50s, 40ms).jumps) << "another push";
}

TEST(Timeline, BreaksWhenTimeCreepsBack) {
  Timeline line;
  unsigned breaks = 0;
  for (int i = 0; i < 100; ++i) breaks += line.place(kVideo, 100s - i * 200ms, 40ms).breaks;
  EXPECT_GE(breaks, 40u);
  EXPECT_LT(line.end(), 10s);
}

TEST(Timeline, BeginsOnePeriodWhenAllTracksWereFlushed) {
  Timeline line;
  Stream stream{line};
  stream.send(100s, 110s);
  line.restart(kVideo);
  EXPECT_TRUE(line.place(kVideo, 3s, 40ms).breaks);
  line.restart(kAudio);
  const auto audio = line.place(kAudio, 3s + 5ms, 20ms);
  EXPECT_FALSE(audio.breaks);
  EXPECT_EQ(audio.time, 10s + 5ms);
  const auto video = line.place(kVideo, 3s + 40ms, 40ms);
  EXPECT_FALSE(video.breaks);
  EXPECT_EQ(video.time, 10s + 40ms);
}

TEST(Timeline, BeginsAPeriodAfterAFlushEvenWhereTimestampsFit) {
  Timeline line;
  line.place(kVideo, 1s, 40ms);
  line.restart(kVideo);
  EXPECT_TRUE(line.place(kVideo, 1s + 40ms, 40ms).breaks);
  EXPECT_FALSE(line.place(kVideo, 1s + 80ms, 40ms).breaks);
}

TEST(Timeline, KnowsNothingOfATrackThatIsGone) {
  Timeline line;
  line.place(kVideo, 100s, 40ms);
  line.place(kAudio, 100s, 20ms);
  line.forget(kAudio);
  const auto place = line.place(kAudio, 101s, 20ms);
  EXPECT_FALSE(place.jumps);
  EXPECT_EQ(place.time, 1s);
}

TEST(Timeline, NeverGoesBackWhateverComes) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    Timeline line;
    Nanoseconds last[3] = {-1h, -1h, -1h};
    for (int i = 0; i < 2000; ++i) {
      const std::size_t track = random() % 3;
      const Nanoseconds dts(
          static_cast<std::int64_t>(random() % 8 ? random() % 20'000'000'000 : random() >> 3));
      const auto place = line.place(track, dts, 20ms);
      ASSERT_GE(place.time, last[track]) << "seed " << seed << " frame " << i;
      last[track] = place.time;
    }
  }
}

}  // namespace
}  // namespace rec
