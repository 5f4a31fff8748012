// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/live_window.h"

#include <gtest/gtest.h>

#include "tests/common/hls_lint.h"

namespace rec {
namespace {

using namespace std::chrono_literals;

MediaPlaylist playlist(unsigned segments) {
  MediaPlaylist p;
  p.target_duration = 3s;
  p.type = PlaylistType::event;
  for (unsigned i = 0; i < segments; ++i) {
    MediaSegment s;
    s.uri = "s" + std::to_string(i) + ".ts";
    s.duration = 2s;
    s.discontinuity = i % 3 == 1;
    p.segments.push_back(s);
  }
  p.open = OpenSegment{"next.ts", false, {}, {}};
  return p;
}

TEST(LiveWindow, SlidesAndCountsWhatItDrops) {
  const auto window = windowed(playlist(10), 5);
  ASSERT_EQ(window.segments.size(), 5u);
  EXPECT_EQ(window.segments[0].uri, "s5.ts");
  EXPECT_EQ(window.media_sequence, 5u);
  EXPECT_EQ(window.discontinuity_sequence, 2u);
  EXPECT_EQ(window.type, PlaylistType::none);
  EXPECT_FALSE(window.open);
}

TEST(LiveWindow, KeepsThreeTargetDurations) {
  EXPECT_EQ(windowed(playlist(10), 1).segments.size(), 5u);  // 5 of 2 s for 9 s
  EXPECT_EQ(windowed(playlist(3), 1).segments.size(), 3u);
  EXPECT_EQ(windowed(playlist(3), 1).media_sequence, 0u);
}

TEST(LiveWindow, SlidesAsItGrowsAsTheStandardDemands) {
  MediaPlaylist growing = playlist(0);
  std::optional<test::LintedPlaylist> before;
  const auto all = playlist(40);
  for (const MediaSegment &segment : all.segments) {
    growing.segments.push_back(segment);
    growing = windowed(std::move(growing), 6);
    const auto now = test::lint_playlist(*write_playlist(growing));
    EXPECT_TRUE(now.complaints.empty()) << now.complaints[0];
    if (before) {
      const auto complaints = test::lint_change(*before, now);
      EXPECT_TRUE(complaints.empty()) << complaints[0];
    }
    before = now;
  }
  EXPECT_EQ(growing, windowed(all, 6)) << "found again, it is the same";
}

TEST(LiveWindow, NamesTheSameFilesFromAnotherFolder) {
  EXPECT_EQ(uri_seen_from("a.ts", "/r/live.m3u8", "/r/window.m3u8"), "a.ts");
  EXPECT_EQ(uri_seen_from("ts/a%20b.ts", "/r/1/live.m3u8", "/r/window.m3u8"), "1/ts/a%20b.ts");
  EXPECT_EQ(uri_seen_from("a.ts", "/r/live.m3u8", "/www/window.m3u8"), "../r/a.ts");
  EXPECT_EQ(uri_seen_from("/abs/a.ts", "/r/live.m3u8", "/www/window.m3u8"), "/abs/a.ts");
  EXPECT_EQ(uri_seen_from("http://h/a.ts", "/r/live.m3u8", "/www/window.m3u8"), "http://h/a.ts");
}

}  // namespace
}  // namespace rec
