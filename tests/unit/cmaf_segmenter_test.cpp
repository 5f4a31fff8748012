// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cmaf_segmenter.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

namespace rec {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Segmenter = CmafSegmenter<std::string>;

constexpr std::size_t kVideo = 0, kAudio = 1;

struct Shown {
  std::int64_t time;  // of presentation, ticks
  std::string name;
  bool operator==(const Shown &) const = default;
};
struct Segment {
  std::map<std::uint32_t, std::vector<Shown>> tracks;
  std::map<std::uint32_t, std::vector<std::int64_t>> decoded;  // times of decoding
  std::map<std::uint32_t, std::vector<std::uint32_t>> durations;
  std::size_t fragments = 0;
  Nanoseconds duration{0};
};

// Does what the steps say.
class Reader {
 public:
  void take(Segmenter::Steps steps) {
    for (auto &step : steps) {
      if (!step.runs.empty()) ++open_.fragments;
      std::size_t media = 0;
      for (const CmafRun &run : step.runs) {
        auto time = static_cast<std::int64_t>(run.time);
        for (const CmafSample &sample : run.samples) {
          open_.tracks[run.track_id].push_back({time + sample.composition_offset, step.media.at(media++)});
          open_.decoded[run.track_id].push_back(time);
          open_.durations[run.track_id].push_back(sample.duration);
          time += sample.duration;
        }
      }
      EXPECT_EQ(media, step.media.size());
      if (!step.ends) continue;
      open_.duration = *step.ends;
      segments.push_back(std::exchange(open_, {}));
    }
  }
  std::vector<Segment> segments;

 private:
  Segment open_;
};

Segmenter::Frame picture(Nanoseconds dts, Nanoseconds pts, bool key, const std::string &name = "") {
  return {kVideo, dts, pts, milliseconds(40), key, 100, name};
}
Segmenter::Frame sound(Nanoseconds pts, std::size_t track = kAudio, Nanoseconds duration = milliseconds(20)) {
  return {track, pts, pts, duration, true, 10, std::to_string(pts / milliseconds(1))};
}

// Pictures every 40 ms, each `reordering` later to be shown, keyframes and cuts each second, with audio.
std::vector<Segment> record(Nanoseconds length, Nanoseconds reordering, Nanoseconds line = seconds(0),
                            Nanoseconds begin = seconds(0)) {
  Segmenter segmenter({true, false}, begin + reordering, line, seconds(1));
  Reader reader;
  Nanoseconds heard = begin + reordering;
  for (Nanoseconds at{0}; at < length; at += milliseconds(40)) {
    const Nanoseconds dts = begin + at;
    for (; heard < dts; heard += milliseconds(20)) reader.take(segmenter.push(sound(heard)));
    const bool key = at % seconds(1) == Nanoseconds(0);
    if (key && at > Nanoseconds(0)) segmenter.cut();
    reader.take(segmenter.push(picture(dts, dts + reordering, key, key ? "key" : "delta")));
  }
  for (; heard < begin + length + reordering; heard += milliseconds(20))
    reader.take(segmenter.push(sound(heard)));
  reader.take(segmenter.finish());
  return reader.segments;
}

class CmafReordering : public ::testing::TestWithParam<int> {};  // ms between decoding and presentation

TEST_P(CmafReordering, BeginsEachSegmentWithAKeyframeAndItsAudioBesideIt) {
  const auto segments = record(seconds(4), milliseconds(GetParam()));
  ASSERT_EQ(segments.size(), 4U);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto begin = static_cast<std::int64_t>(i) * kCmafTimescale;
    EXPECT_EQ(segments[i].tracks.at(1).front(), (Shown{begin, "key"}));
    EXPECT_EQ(segments[i].tracks.at(2).front().time, begin);
    EXPECT_EQ(segments[i].tracks.at(1).size(), 25U);
    EXPECT_EQ(segments[i].tracks.at(2).size(), 50U);
    EXPECT_EQ(segments[i].duration, seconds(1));
    EXPECT_EQ(segments[i].decoded.at(1).front(), begin) << "the first picture is shown when it is decoded";
  }
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, CmafReordering, ::testing::Values(0, 80, 400));

TEST(CmafSegmenter, ContinuesTheRecordingsLine) {
  const Nanoseconds before = std::chrono::microseconds(3'600'123'456);
  const auto segments = record(seconds(2), milliseconds(80), before, seconds(77));
  const std::int64_t begin = 324'011'111;  // 3600.123456 s at 90 kHz
  EXPECT_EQ(segments.at(0).tracks.at(1).front().time, begin);
  EXPECT_EQ(segments.at(0).decoded.at(1).front(), begin);
  EXPECT_EQ(segments.at(1).tracks.at(2).front().time, begin + kCmafTimescale);
}

TEST(CmafSegmenter, WritesAFragmentEveryHalfSecond) {
  for (const Segment &segment : record(seconds(3), seconds(0))) EXPECT_EQ(segment.fragments, 2U);
}

TEST(CmafSegmenter, WritesAFragmentBeforeItHoldsMoreThanFourMegabytes) {
  Segmenter segmenter({true}, seconds(0), seconds(0), seconds(9));
  Reader reader;
  for (int i = 0; i < 6; ++i) {
    auto frame = picture(milliseconds(40 * i), milliseconds(40 * i), i == 0);
    frame.size = 3U << 20;
    reader.take(segmenter.push(std::move(frame)));
  }
  reader.take(segmenter.finish());
  EXPECT_EQ(reader.segments.at(0).fragments, 6U);
}

TEST(CmafSegmenter, LetsEveryPictureLastUntilTheNextAlsoOverCutsAndFragments) {
  Segmenter segmenter({true}, seconds(0), seconds(0), seconds(9));
  Reader reader;
  const std::vector<int> times = {0, 33, 67, 300, 600, 601, 1000, 1033};
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] == 1000) segmenter.cut();
    reader.take(
        segmenter.push(picture(milliseconds(times[i]), milliseconds(times[i]), times[i] % 1000 == 0)));
  }
  reader.take(segmenter.finish());
  ASSERT_EQ(reader.segments.size(), 2U);
  EXPECT_EQ(reader.segments[0].durations.at(1),
            (std::vector<std::uint32_t>{2970, 3060, 20970, 27000, 90, 35910}));
  EXPECT_EQ(reader.segments[1].durations.at(1), (std::vector<std::uint32_t>{2970, 3600}));
  EXPECT_EQ(reader.segments[1].duration, milliseconds(73));
}

TEST(CmafSegmenter, CutsAudioAloneAtTheFirstFrameAtOrAfterTheTarget) {
  Segmenter segmenter({false}, seconds(5), seconds(0), seconds(1));
  Reader reader;
  for (int i = 0; i < 125; ++i) reader.take(segmenter.push(sound(seconds(5) + milliseconds(20 * i), 0)));
  reader.take(segmenter.finish());
  ASSERT_EQ(reader.segments.size(), 3U);
  EXPECT_EQ(reader.segments[0].duration, seconds(1));
  EXPECT_EQ(reader.segments[2].duration, milliseconds(500));
  EXPECT_EQ(reader.segments[1].tracks.at(1).front().time, kCmafTimescale);
}

TEST(CmafSegmenter, LeavesAHoleInTheAudioWhereItIs) {
  Segmenter segmenter({true, false}, seconds(0), seconds(0), seconds(9));
  Reader reader;
  reader.take(segmenter.push(picture(seconds(0), seconds(0), true)));
  for (const int at : {0, 20, 200, 220}) reader.take(segmenter.push(sound(milliseconds(at))));
  reader.take(segmenter.finish());
  const Segment &segment = reader.segments.at(0);
  EXPECT_EQ(segment.durations.at(2), (std::vector<std::uint32_t>{1800, 1800, 1800, 1800}));
  EXPECT_EQ(segment.decoded.at(2), (std::vector<std::int64_t>{0, 1800, 18000, 19800}));
}

TEST(CmafSegmenter, AccumulatesNoRoundingError) {
  Segmenter segmenter({false}, seconds(0), seconds(0), seconds(3600));
  Reader reader;
  const std::int64_t frames = 44100;  // 1024 s
  for (std::int64_t i = 0; i < frames; ++i) {
    const Nanoseconds at(i * 1024 * 1'000'000'000 / 44100);
    reader.take(segmenter.push(sound(at, 0, Nanoseconds(23'219'954))));
  }
  reader.take(segmenter.finish());
  const auto &times = reader.segments.at(0).decoded.at(1);
  for (std::int64_t i = 0; i < frames; ++i)
    ASSERT_LE(std::abs(times[static_cast<std::size_t>(i)] - i * 1024 * kCmafTimescale / 44100), 1) << i;
}

TEST(CmafSegmenter, GivesWhatItHoldsToTheDiskWhenNothingComes) {
  Segmenter segmenter({true}, seconds(0), seconds(0), seconds(9));
  Reader reader;
  reader.take(segmenter.push(picture(seconds(0), seconds(0), true)));
  const auto steps = segmenter.idle();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].media.size(), 1U);
  EXPECT_FALSE(steps[0].ends);
}

TEST(CmafSegmenter, EndsASegmentWithoutItsAudioWhenThatStaysAway) {
  Segmenter segmenter({true, false}, milliseconds(80), seconds(0), seconds(1));
  Reader reader;
  for (int at = 0; at <= 1080; at += 40) {
    if (at == 1000) segmenter.cut();
    reader.take(segmenter.push(picture(milliseconds(at), milliseconds(at + 80), at % 1000 == 0)));
  }
  ASSERT_EQ(reader.segments.size(), 1U);
  EXPECT_EQ(reader.segments[0].tracks.at(1).size(), 25U);
}

}  // namespace
}  // namespace rec
