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

TEST(Timeline, BeginsANewPeriodForAnotherPushEvenWhereItsTimestampsFit) {
  Timeline line;
  Stream stream{line};
  stream.send(0s, 10s);
  line.restart();
  stream.send(10s, 20s);
  EXPECT_EQ(stream.breaks, 1u);
  EXPECT_EQ(line.end(), 20s);
}

TEST(Timeline, SurvivesTheWrapOfRtmpMilliseconds) {
  Timeline line;
  Stream stream{line};
  const Nanoseconds wrap = std::chrono::milliseconds(1ULL << 32);
  stream.send(wrap - 5s, wrap);
  stream.send(0s, 5s);
  EXPECT_EQ(stream.breaks, 1u);
  EXPECT_EQ(line.end(), 10s);
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
