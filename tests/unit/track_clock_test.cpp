// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/track_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/model/timeline.h"

namespace rec {
namespace {

using namespace std::chrono_literals;
using Kind = TrackClock::Kind;

struct Reader {
  TrackClock clock;
  FrameTimes operator()(std::optional<Nanoseconds> dts, std::optional<Nanoseconds> pts,
                        std::optional<Nanoseconds> duration = std::nullopt, bool keyframe = true) {
    return clock.read({.dts = dts, .pts = pts, .duration = duration}, keyframe, 7s);
  }
};

TEST(TrackClock, PassesOnWhatMakesSense) {
  Reader read{TrackClock(Kind::video)};
  const FrameTimes times = read(-80ms, 0ms, 40ms);
  EXPECT_EQ(times.dts, -80ms);
  EXPECT_EQ(times.pts, 0ms);
  EXPECT_EQ(times.duration, 40ms);
  EXPECT_FALSE(times.estimated || times.illegal || times.frozen || times.uneven || times.long_gop);
}

TEST(TrackClock, TakesTheDtsWhereThereIsNoPts) {
  Reader read{TrackClock(Kind::video)};
  const FrameTimes times = read(40ms, std::nullopt);
  EXPECT_EQ(times.pts, 40ms);
  EXPECT_FALSE(times.illegal);
}

TEST(TrackClock, TakesThePtsOfAudioWhereThereIsNoDts) {
  Reader read{TrackClock(Kind::audio)};
  read(std::nullopt, 0ms);
  const FrameTimes times = read(std::nullopt, 21ms);
  EXPECT_EQ(times.dts, 21ms);
  EXPECT_FALSE(times.estimated);
}

// DTS of frames that come with these PTS alone, 40 ms each.
std::vector<Nanoseconds> found_dts(const std::vector<Nanoseconds> &pts) {
  Reader read{TrackClock(Kind::video)};
  std::vector<Nanoseconds> dts;
  for (const Nanoseconds time : pts) {
    const FrameTimes times = read(std::nullopt, time, 40ms);
    EXPECT_EQ(times.pts, time);
    EXPECT_TRUE(dts.empty() || times.dts >= dts.back());
    dts.push_back(times.dts);
  }
  return dts;
}

TEST(TrackClock, FindsTheDtsOfReorderedVideoFromTheFirstFrameOn) {
  // A pyramid of B-frames, as x264 and x265 make them.
  EXPECT_EQ(found_dts({0ms, 160ms, 80ms, 40ms, 120ms, 320ms, 240ms, 200ms, 280ms}),
            (std::vector<Nanoseconds>{-80ms, -40ms, 0ms, 40ms, 80ms, 120ms, 160ms, 200ms, 240ms}));
}

TEST(TrackClock, FindsADtsThatIsNeverAfterThePtsOnceTheDepthOfTheReorderingIsSeen) {
  // Four deep: the first pyramid shows it.
  const std::vector<Nanoseconds> gop = {0ms,   640ms, 320ms, 160ms, 80ms,  40ms,  120ms, 240ms, 200ms,
                                        280ms, 480ms, 400ms, 360ms, 440ms, 560ms, 520ms, 600ms};
  std::vector<Nanoseconds> pts = gop;
  for (int turn = 1; turn < 4; ++turn)
    for (std::size_t i = 1; i < gop.size(); ++i) pts.push_back(gop[i] + turn * 640ms);
  const auto dts = found_dts(pts);
  for (std::size_t i = gop.size(); i < pts.size(); ++i) EXPECT_LE(dts[i], pts[i]) << i;
}

TEST(TrackClock, TakesThePtsForTheDtsOfVideoThatIsNotReordered) {
  TrackClock clock(Kind::video);
  for (const Nanoseconds time : {0ms, 40ms, 80ms})
    EXPECT_EQ(clock.read({.dts = {}, .pts = time, .duration = {}, .may_reorder = false}, true, 0s).dts, time);
}

TEST(TrackClock, LooksForTheDtsAnewBehindAHoleOfThePts) {
  const auto dts = found_dts({0ms, 40ms, 80ms, 120ms, 1h, 1h + 40ms, 1h + 80ms});
  for (std::size_t i = 4; i < dts.size(); ++i) {
    EXPECT_LE(dts[i], 1h + (i - 4) * 40ms);
    EXPECT_GE(dts[i], 1h - 80ms);
  }
}

TEST(TrackClock, LetsAFrameWithoutTimestampsFollowTheOneBefore) {
  Reader read{TrackClock(Kind::video)};
  read(1s, 1s);
  read(1s + 33ms, 1s + 33ms);
  const FrameTimes times = read(std::nullopt, std::nullopt);
  EXPECT_EQ(times.dts, 1s + 66ms);
  EXPECT_TRUE(times.estimated && times.illegal);
}

TEST(TrackClock, BeginsATrackWithoutTimestampsWhereItIsTold) {
  Reader read{TrackClock(Kind::audio)};
  EXPECT_EQ(read(std::nullopt, std::nullopt, 20ms).dts, 7s);
  EXPECT_GT(read(std::nullopt, std::nullopt, 20ms).dts, 7s);
}

TEST(TrackClock, DoesNotBelieveATimeThatIsTenYearsAway) {
  for (const Nanoseconds absurd : {Nanoseconds::max(), Nanoseconds::min(), Nanoseconds(24h * 4000)}) {
    Reader read{TrackClock(Kind::video)};
    read(1s, 1s);
    FrameTimes times = read(absurd, absurd);
    EXPECT_EQ(times.dts, 1s + 40ms);
    EXPECT_EQ(times.pts, 1s + 40ms);
    EXPECT_TRUE(times.illegal);
    times = read(1s + 80ms, absurd);
    EXPECT_EQ(times.pts, 1s + 80ms);
    EXPECT_TRUE(times.illegal);
  }
}

TEST(TrackClock, TakesTwoEqualDistancesForTheDurationOfFrames) {
  Reader read{TrackClock(Kind::video)};
  read(0s, 0s);
  EXPECT_EQ(read(5s, 5s).duration, 40ms);
  EXPECT_EQ(read(10s, 10s).duration, 5s);
  EXPECT_EQ(read(10s + 40ms, 10s + 40ms).duration, 40ms);
}

TEST(TrackClock, DoesNotBelieveADurationOfMoreThanAMinute) {
  Reader read{TrackClock(Kind::video)};
  EXPECT_EQ(read(0s, 0s, Nanoseconds::max()).duration, 40ms);
  EXPECT_TRUE(read(40ms, 40ms, 61s).illegal);
  EXPECT_FALSE(read(80ms, 80ms, 0s).illegal);
  EXPECT_EQ(read(120ms, 120ms, 60s).duration, 60s);
}

TEST(TrackClock, KeepsOfAPtsFarFromItsDtsTheOneThatFollows) {
  Reader read{TrackClock(Kind::video)};
  read(100s, 100s);
  const FrameTimes wrong_pts = read(100s + 40ms, 500s);
  EXPECT_EQ(wrong_pts.pts, 100s + 40ms);
  EXPECT_TRUE(wrong_pts.illegal);
  const FrameTimes wrong_dts = read(0s, 100s + 80ms);
  EXPECT_EQ(wrong_dts.dts, 100s + 80ms);
  EXPECT_EQ(wrong_dts.pts, 100s + 80ms);
}

TEST(TrackClock, SeesAWrapBetweenPtsAndDts) {
  for (const Nanoseconds wrap : {kRtmpWrap, kTsWrap}) {
    Reader read{TrackClock(Kind::video)};
    EXPECT_EQ(read(wrap - 40ms, 40ms).pts, wrap + 40ms);
    EXPECT_EQ(read(0ms, wrap - 40ms).pts, -40ms);
  }
}

TEST(TrackClock, LetsTimeGoOnThatIsFrozenForMoreThanASecond) {
  Reader read{TrackClock(Kind::video)};
  unsigned frozen = 0;
  Nanoseconds last{0};
  for (int i = 0; i < 100; ++i) {
    const FrameTimes times = read(5s, 5s + 80ms);
    frozen += times.frozen;
    EXPECT_EQ(times.pts - times.dts, 80ms);
    EXPECT_GE(times.dts, last);
    last = times.dts;
  }
  EXPECT_EQ(frozen, 75u);
  EXPECT_EQ(last, 5s + 99 * 40ms);
  const FrameTimes again = read(5s + 4s, 9s);
  EXPECT_FALSE(again.frozen);
  EXPECT_EQ(again.dts, 9s);
}

TEST(TrackClock, TellsFrozenTimeThatAParserMadeGoOn) {
  TrackClock clock(Kind::video);
  unsigned frozen = 0;
  for (int i = 0; i < 100; ++i) {
    const FrameTimes times =
        clock.read({.dts = i * 40ms, .pts = i * 40ms, .duration = 40ms, .repeats = i > 0}, true, 0s);
    EXPECT_EQ(times.dts, i * 40ms);
    frozen += times.frozen;
  }
  EXPECT_EQ(frozen, 75u);
}

TEST(TrackClock, TellsUnevenTimestamps) {
  Reader even{TrackClock(Kind::audio)};
  Reader uneven{TrackClock(Kind::audio)};
  unsigned told_even = 0;
  unsigned told_uneven = 0;
  for (int i = 0; i < 1000; ++i) {
    const Nanoseconds rounded = std::chrono::milliseconds(i * 64 / 3);  // as RTMP rounds
    told_even += even(rounded, rounded).uneven;
    const Nanoseconds bunched = 64ms * (i / 3) + 1ms * (i % 3);
    told_uneven += uneven(bunched, bunched).uneven;
  }
  EXPECT_EQ(told_even, 0u);
  EXPECT_GT(told_uneven, 10u);
}

TEST(TrackClock, TellsOncePerGopThatItIsTooLong) {
  Reader read{TrackClock(Kind::video)};
  unsigned told = 0;
  for (int i = 0; i < 25 * 60; ++i) told += read(i * 40ms, i * 40ms, 40ms, i % (25 * 20) == 0).long_gop;
  EXPECT_EQ(told, 3u);
  Reader usual{TrackClock(Kind::video)};
  for (int i = 0; i < 25 * 60; ++i) EXPECT_FALSE(usual(i * 40ms, i * 40ms, 40ms, i % 250 == 0).long_gop);
}

TEST(TrackClock, GivesTimesThatCanBeTrueWhateverComes) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    const auto any = [&]() -> std::optional<Nanoseconds> {
      switch (random() % 4) {
        case 0:
          return std::nullopt;
        case 1:
          return Nanoseconds(static_cast<std::int64_t>(random()));
        case 2:
          return Nanoseconds(static_cast<std::int64_t>(random() % 10'000'000'000));
        default:
          return 5s;
      }
    };
    TrackClock clock(seed % 2 ? Kind::video : Kind::audio);
    for (int i = 0; i < 2000; ++i) {
      const FrameTimes times =
          clock.read({.dts = any(), .pts = any(), .duration = any(), .repeats = random() % 5 == 0},
                     random() % 9 == 0, 0s);
      ASSERT_GT(times.duration, 0s);
      ASSERT_LE(times.duration, 1min);
      ASSERT_LE(std::chrono::abs(times.dts), 24h * 3700) << "seed " << seed << " frame " << i;
      ASSERT_LE(std::chrono::abs(times.pts - times.dts), 10s) << "seed " << seed << " frame " << i;
    }
  }
}

}  // namespace
}  // namespace rec
