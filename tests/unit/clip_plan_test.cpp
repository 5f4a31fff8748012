// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/clip_plan.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr UtcTime kStart{Seconds(1'700'000'000)};

// Segments of ten seconds of one recording, one behind the other from `start` on.
std::vector<ClipSegment> segments(int count, std::int64_t recording = 1, UtcTime start = kStart) {
  std::vector<ClipSegment> all;
  for (int i = 0; i < count; ++i)
    all.push_back({.id = recording * 100 + i,
                   .recording = recording,
                   .sequence = static_cast<std::uint64_t>(i),
                   .started = start + Seconds(10 * i),
                   .duration = Seconds(10)});
  return all;
}

ClipSegment map_of(std::int64_t recording, std::uint64_t sequence) {
  return {.id = 99, .recording = recording, .sequence = sequence, .started = kStart, .is_map = true};
}

std::vector<std::size_t> chosen(const ClipRange &range, ClipBounds bounds,
                                const std::vector<ClipSegment> &all) {
  std::vector<std::size_t> indexes;
  for (const ClipEntry &entry : segments_in(range, bounds, all)) indexes.push_back(entry.segment);
  return indexes;
}

using Indexes = std::vector<std::size_t>;

TEST(ClipPlan, CoveringTakesWhatTouchesTheRange) {
  const auto all = segments(5);
  const auto bounds = ClipBounds::covering;
  EXPECT_EQ(chosen({kStart + Seconds(15), kStart + Seconds(31)}, bounds, all), Indexes({1, 2, 3}));
  EXPECT_EQ(chosen({kStart + Seconds(10), kStart + Seconds(30)}, bounds, all), Indexes({1, 2}))
      << "what only adjoins it is left out";
  EXPECT_EQ(chosen({std::nullopt, kStart + Seconds(1)}, bounds, all), Indexes({0}));
  EXPECT_EQ(chosen({kStart + Seconds(49), std::nullopt}, bounds, all), Indexes({4}));
  EXPECT_EQ(chosen({}, bounds, all).size(), 5U);
}

TEST(ClipPlan, InsideTakesWhatBeginsInTheRange) {
  const auto all = segments(5);
  EXPECT_EQ(chosen({kStart + Seconds(15), kStart + Seconds(31)}, ClipBounds::inside, all), Indexes({2, 3}));
  EXPECT_EQ(chosen({kStart + Seconds(41), kStart + Seconds(49)}, ClipBounds::inside, all), Indexes());
}

TEST(ClipPlan, NothingIsFoundInAGapOrOutside) {
  auto all = segments(2);
  const auto later = segments(2, 1, kStart + Seconds(100));
  all.insert(all.end(), later.begin(), later.end());
  EXPECT_EQ(chosen({kStart + Seconds(30), kStart + Seconds(90)}, ClipBounds::covering, all), Indexes());
  EXPECT_EQ(chosen({kStart - Seconds(90), kStart}, ClipBounds::covering, all), Indexes());
  EXPECT_EQ(chosen({kStart + Seconds(120), kStart + Seconds(130)}, ClipBounds::covering, all), Indexes());
}

TEST(ClipPlan, MediaBreaksWhereItDidAndWhereRecordingsMeet) {
  auto all = segments(4);
  all[2].discontinuity = true;
  const auto other = segments(2, 2, kStart + Seconds(40));
  all.insert(all.end(), other.begin(), other.end());
  std::vector<bool> breaks;
  for (const ClipEntry &entry : segments_in({}, ClipBounds::covering, all))
    breaks.push_back(entry.discontinuity);
  EXPECT_EQ(breaks, std::vector<bool>({false, false, true, false, true, false}));
}

TEST(ClipPlan, MediaBreaksWhereASegmentIsMissing) {
  auto all = segments(3);
  all.erase(all.begin() + 1);
  const auto entries = segments_in({}, ClipBounds::covering, all);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_TRUE(entries[1].discontinuity);
}

TEST(ClipPlan, ABreakAtItsBeginningIsNone) {
  auto all = segments(4);
  all[2].discontinuity = true;
  const auto entries = segments_in({kStart + Seconds(20), {}}, ClipBounds::covering, all);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_FALSE(entries[0].discontinuity);
}

TEST(ClipPlan, TheInitialisationSectionIsTheLastOneOfTheSameRecording) {
  std::vector<ClipSegment> all = segments(2);
  all.insert(all.begin(), map_of(1, 0));  // 0 map, 1, 2
  all.push_back(map_of(1, 2));            // 3
  auto more = segments(3);
  all.push_back(more[2]);  // 4
  all.push_back(segments(1, 2, kStart + Seconds(30))[0]);
  const auto entries = segments_in({kStart + Seconds(12), {}}, ClipBounds::covering, all);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].map, 0U);
  EXPECT_EQ(entries[1].map, 3U);
  EXPECT_EQ(entries[2].map, std::nullopt) << "another recording's";
}

TEST(ClipPlan, ThePlaylistIsClosedAndTellsTheTimeWhereMediaBreaks) {
  auto all = segments(3);
  all[1].duration = Milliseconds(10'600);
  all[2].discontinuity = true;
  const auto entries = segments_in({}, ClipBounds::covering, all);
  const MediaPlaylist playlist = clip_playlist(entries, all, {"../a.ts", "../b.ts", "http://h/c.ts"});
  EXPECT_TRUE(playlist.end_list);
  EXPECT_EQ(playlist.type, PlaylistType::vod);
  EXPECT_EQ(playlist.target_duration, Seconds(11));
  ASSERT_EQ(playlist.segments.size(), 3U);
  EXPECT_EQ(playlist.segments[0].program_date_time, to_playlist(kStart));
  EXPECT_EQ(playlist.segments[1].program_date_time, std::nullopt);
  EXPECT_EQ(playlist.segments[2].program_date_time, to_playlist(kStart + Seconds(20)));
  const auto text = write_playlist(playlist);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*parse_playlist(*text), playlist);
}

}  // namespace
}  // namespace rec
