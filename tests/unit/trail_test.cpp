// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/trail.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "core/model/repeat_filter.h"

namespace rec {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kStep = 40ms;

TrailFrame video(unsigned number, std::uint64_t segment = 0) {
  TrailFrame frame;
  frame.keyframe = number % 25 == 0;
  frame.digest = 1000 + number;
  frame.time = kStep * number;
  frame.duration = kStep;
  frame.segment = segment;
  return frame;
}

// All frames have the same bytes: silence.
TrailFrame audio(Nanoseconds time, std::uint64_t segment = 0) {
  TrailFrame frame;
  frame.kind = MediaKind::audio;
  frame.keyframe = true;
  frame.digest = 7;
  frame.time = time;
  frame.duration = kStep;
  frame.segment = segment;
  return frame;
}

TrailFrame at(TrailFrame frame, Nanoseconds time) {
  frame.time = time;
  return frame;
}

TrailFrame beginning(TrailFrame frame) {
  frame.begins = true;
  return frame;
}

// A push of video frames 0...count-1 and silence beside them.
Trail recorded(unsigned count) {
  Trail trail;
  trail.begin_period({1, 0s});
  for (unsigned i = 0; i < count; ++i) {
    trail.add(i == 0 ? beginning(video(0)) : video(i));
    trail.add(audio(kStep * i));
  }
  return trail;
}

RepeatFilter armed(const Trail &trail) {
  RepeatFilter filter;
  filter.arm(trail);
  return filter;
}

TEST(FrameDigest, TellsBytesAndLengthsApart) {
  const std::array<std::uint8_t, 17> zeros{};
  std::array<std::uint8_t, 17> one{};
  for (std::size_t n = 1; n < zeros.size(); ++n) {
    EXPECT_NE(frame_digest({zeros.data(), n}), frame_digest({zeros.data(), n - 1}));
    one.fill(0);
    one[n - 1] = 1;
    EXPECT_NE(frame_digest({one.data(), n}), frame_digest({zeros.data(), n})) << n;
  }
}

TEST(FrameDigest, HeedsTheOrderOfWords) {
  const std::array<std::uint8_t, 16> a{1}, b{0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_NE(frame_digest(a), frame_digest(b));
}

TEST(LastSlice, BeginsBehindTheLastStartCode) {
  using Bytes = std::vector<std::uint8_t>;
  const auto slice = [](const Bytes &bytes) {
    const auto span = last_slice(bytes);
    return Bytes(span.begin(), span.end());
  };
  EXPECT_EQ(slice({0, 0, 0, 1, 9, 0, 0, 1, 0x65, 7, 0, 0, 2}), (Bytes{0x65, 7, 0, 0, 2}));
  EXPECT_EQ(slice({0, 0, 1}), Bytes{});
  EXPECT_EQ(slice({0, 1, 1}), (Bytes{0, 1, 1}));
  EXPECT_EQ(slice({}), Bytes{});
}

TEST(Trail, GoesOnWithinAFrame) {
  const Trail trail = recorded(50);
  EXPECT_TRUE(trail.goes_on_at(MediaKind::video, 2s));
  EXPECT_TRUE(trail.goes_on_at(MediaKind::video, 2s + kStep));
  EXPECT_TRUE(trail.goes_on_at(MediaKind::video, 2s - kStep / 2));
  EXPECT_FALSE(trail.goes_on_at(MediaKind::video, 2s + kStep + 3ms));
  EXPECT_FALSE(trail.goes_on_at(MediaKind::video, 2s - kStep));
  EXPECT_FALSE(trail.goes_on_at(MediaKind::video, 0s));
  EXPECT_FALSE(Trail().goes_on_at(MediaKind::video, 0s));
}

TEST(Trail, EndsWithTheFrameThatIsShownLast) {
  Trail trail;
  for (const unsigned number : {0u, 3u, 1u, 2u}) trail.add(video(number));
  EXPECT_EQ(trail.end(MediaKind::video)->time, kStep * 4);
}

TEST(Trail, EndsWhereTheLastPeriodEnds) {
  Trail trail = recorded(50);
  trail.begin_period({2, 5s});
  trail.add(audio(1s));
  EXPECT_EQ(trail.end(MediaKind::audio)->time, 1s + kStep);
  EXPECT_FALSE(trail.end(MediaKind::video));
  EXPECT_EQ(trail.last_period()->offset, 5s);
}

TEST(Trail, EndsBehindACountersWrap) {
  Trail trail;
  trail.add(video(1'000'000));
  trail.add(video(2));
  EXPECT_EQ(trail.end(MediaKind::video)->time, kStep * 3);
}

TEST(Trail, IsBounded) {
  Trail trail = recorded(Trail::kMostFrames);
  EXPECT_EQ(trail.size(), Trail::kMostFrames);
  EXPECT_EQ(trail.total(), 2 * Trail::kMostFrames);
  EXPECT_FALSE(trail.find(video(0), trail.total()));
  EXPECT_TRUE(trail.find(video(Trail::kMostFrames - 1), trail.total()));
  EXPECT_LE(trail.records().size(), Trail::kMostBytes);
}

TEST(Trail, FindsAmongThoseThatWereThereInTime) {
  Trail trail = recorded(2);
  const auto total = trail.total();
  trail.add(video(2));
  EXPECT_FALSE(trail.find(video(2), total));
  EXPECT_TRUE(trail.find(video(2), trail.total()));
  EXPECT_FALSE(trail.find(at(video(1), kStep + 3ms), total));
}

TEST(Trail, ForgetsWhatTheDiskDoesNotHave) {
  Trail trail;
  trail.begin_period({1, 0s});
  for (unsigned i = 0; i < 10; ++i) {
    trail.add(video(i, i / 5));
    trail.add(audio(kStep * i, i / 5));
  }
  trail.begin_period({2, 9s});
  trail.add(video(10, 2));
  trail.keep_listed(2, SegmentFrames{1, 3, 1});
  EXPECT_EQ(trail.size(), 10u + 3u + 1u);
  EXPECT_EQ(trail.end(MediaKind::video)->time, kStep * 8);
  EXPECT_EQ(trail.end(MediaKind::audio)->time, kStep * 6);
  EXPECT_EQ(trail.last_period()->encoding, 1u);
  trail.keep_listed(1, std::nullopt);
  EXPECT_EQ(trail.size(), 10u);
}

TEST(Trail, IsReadBackFromItsRecords) {
  Trail trail = recorded(30);
  trail.begin_period({~std::uint64_t{0}, -7s});
  trail.add(at(audio(0s, 1u << 20), -1s));
  const std::string bytes = trail.records();
  const Trail again = Trail::from_records(bytes);
  EXPECT_EQ(again.records(), bytes);
  EXPECT_EQ(again.size(), 61u);
  EXPECT_EQ(again.last_period(), trail.last_period());
  EXPECT_TRUE(again.find(beginning(video(0)), again.total())->begins);
}

TEST(Trail, ReadsOfATornFileWhatPrecedesTheTear) {
  const std::string bytes = recorded(10).records();
  EXPECT_EQ(Trail::from_records(bytes.substr(0, 8 * Trail::kRecordBytes + 5)).size(), 7u);
  std::string zeros = bytes;
  zeros.replace(10 * Trail::kRecordBytes, 200, 200, '\0');
  EXPECT_EQ(Trail::from_records(zeros).size(), 9u);
  EXPECT_EQ(Trail::from_records(bytes.substr(Trail::kRecordBytes)).size(), 0u);  // of no period
  EXPECT_EQ(Trail::from_records("garbage").size(), 0u);
  std::string absurd = bytes;
  absurd[6 * Trail::kRecordBytes - 9] = 0x7f;  // of the fifth frame's time the most significant byte
  EXPECT_EQ(Trail::from_records(absurd).size(), 4u);
}

TEST(RepeatFilter, DropsWhatIsSentAgainAndNothingElse) {
  Trail trail = recorded(60);
  RepeatFilter filter = armed(trail);
  for (unsigned i = 50; i < 60; ++i) {
    EXPECT_TRUE(filter.is_repeat(trail, video(i), true)) << i;
    EXPECT_TRUE(filter.is_repeat(trail, audio(kStep * i), false)) << i;
  }
  for (unsigned i = 60; i < 90; ++i) {
    EXPECT_FALSE(filter.is_repeat(trail, video(i), true)) << i;
    EXPECT_FALSE(filter.is_repeat(trail, audio(kStep * i), false)) << i;
    trail.add(video(i));
    trail.add(audio(kStep * i));
  }
  EXPECT_FALSE(filter.begins_line());
}

TEST(RepeatFilter, LetsAnotherLineOfTimePass) {
  const Trail trail = recorded(60);
  RepeatFilter filter = armed(trail);
  TrailFrame other = video(25);
  other.digest = 5;
  EXPECT_FALSE(filter.is_repeat(trail, other, true));
  EXPECT_FALSE(filter.is_repeat(trail, audio(kStep * 25), false));  // silence, at the same time
  EXPECT_TRUE(filter.begins_line());
  filter.recorded();
  EXPECT_FALSE(filter.begins_line());
}

TEST(RepeatFilter, DoesNotTakeTheSameBytesAtAnotherTimeForARepeat) {
  const Trail trail = recorded(60);
  RepeatFilter filter = armed(trail);
  EXPECT_FALSE(filter.is_repeat(trail, at(video(50), 9s), true));
  EXPECT_FALSE(filter.is_repeat(trail, at(video(51), 9s + kStep), true));
}

TEST(RepeatFilter, KeepsAProgrammeThatIsPlayedOnceMore) {
  const Trail trail = recorded(60);
  RepeatFilter filter = armed(trail);
  for (unsigned i = 0; i < 60; ++i) EXPECT_FALSE(filter.is_repeat(trail, video(i), true)) << i;
}

TEST(RepeatFilter, DropsWhatIsSentFromTheBeginningAfterACrash) {
  Trail trail = recorded(60);
  trail.forget_beginnings();
  RepeatFilter filter = armed(trail);
  for (unsigned i = 0; i < 60; ++i) EXPECT_TRUE(filter.is_repeat(trail, video(i), true)) << i;
}

TEST(RepeatFilter, WaitsForAKeyframe) {
  const Trail trail = recorded(60);
  RepeatFilter filter = armed(trail);
  EXPECT_FALSE(filter.is_repeat(trail, audio(kStep * 30), false));
  EXPECT_FALSE(filter.is_repeat(trail, video(30), true));
  EXPECT_TRUE(filter.is_repeat(trail, video(50), true));
  EXPECT_TRUE(filter.is_repeat(trail, audio(kStep * 50), false));
}

TEST(RepeatFilter, KnowsAudioThatWasAheadOfTheVideo) {
  Trail trail = recorded(50);
  for (unsigned i = 50; i < 60; ++i) trail.add(audio(kStep * i));
  RepeatFilter filter = armed(trail);
  EXPECT_FALSE(filter.is_repeat(trail, video(50), true));  // follows directly
  EXPECT_TRUE(filter.is_repeat(trail, audio(kStep * 55), false));
  EXPECT_FALSE(filter.is_repeat(trail, audio(kStep * 60), false));
}

TEST(RepeatFilter, ComparesNothingWithItself) {
  Trail trail = recorded(50);
  RepeatFilter filter = armed(trail);
  EXPECT_FALSE(filter.is_repeat(trail, video(50), true));
  trail.add(video(50));
  EXPECT_FALSE(filter.is_repeat(trail, video(50), true));  // a clock that stands still
}

TEST(RepeatFilter, LooksForNothingWhenNothingCanBeARepeat) {
  Trail trail;
  EXPECT_FALSE(armed(trail).may_find(trail)) << "nothing was recorded";
  trail = recorded(60);
  RepeatFilter filter = armed(trail);
  EXPECT_TRUE(filter.may_find(trail));
  EXPECT_TRUE(filter.is_repeat(trail, video(50), true));
  for (unsigned i = 60; trail.size() < Trail::kMostFrames; ++i) {
    EXPECT_TRUE(filter.may_find(trail));
    trail.add(video(i));
  }
  for (unsigned i = 0; i < 120; ++i) trail.add(audio(kStep * i));
  EXPECT_FALSE(filter.may_find(trail)) << "all that had been recorded is forgotten";
  RepeatFilter another = armed(trail);
  TrailFrame other = video(25);
  other.digest = 5;
  EXPECT_FALSE(another.is_repeat(trail, at(other, 500s), true));
  EXPECT_FALSE(another.may_find(trail)) << "it is another line of time";
}

TEST(RepeatFilter, HasNothingToCompareAFirstPushWith) {
  const Trail trail;
  RepeatFilter filter = armed(trail);
  EXPECT_FALSE(filter.is_repeat(trail, video(0), true));
  EXPECT_TRUE(filter.begins_line());
}

}  // namespace
}  // namespace rec
