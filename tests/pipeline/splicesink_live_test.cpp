// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink's playlist of the last segments.
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::seconds;

const Media &long_video() {
  VideoSpec spec;
  spec.frames = 1025;
  return video(spec);
}

TEST(SpliceSinkLive, SlidesOverTheLastSegmentsBesideTheWholePlaylist) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "playlist-length=6 live-playlist-location=" + (dir / "window.m3u8")));
  publisher.send({{"video", long_video()}});
  finish(publisher);
  const auto all = playlist_at(dir / "live.m3u8"), window = playlist_at(dir / "window.m3u8");
  ASSERT_EQ(all.segments.size(), 21u);
  ASSERT_EQ(window.segments.size(), 6u);
  EXPECT_EQ(window.media_sequence, 15u);
  EXPECT_EQ(window.segments.back(), all.segments.back());
  EXPECT_EQ(window.type, PlaylistType::none);
  EXPECT_TRUE(window.end_list);
  EXPECT_EQ(watched_playlist_versions(), 23u + 22u);
}

TEST(SpliceSinkLive, GoesOnWithTheRecordingThatAnotherElementContinues) {
  const TempDir dir;
  const std::string line =
      splice_line(dir, "playlist-length=5 splice-timeout=600000000000 live-playlist-location=" +
                           (dir / "www/window.m3u8"));
  {
    Publisher first(line);
    first.send({{"video", long_video()}});
    first.end_all();
    EXPECT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-recording-paused"));
    EXPECT_FALSE(playlist_at(dir / "www/window.m3u8").end_list);
  }
  Publisher second(line);
  VideoSpec other;
  other.width = 320;
  other.height = 240;
  other.frames = 300;
  second.send({{"video", video(other)}});
  second.end_all();
  EXPECT_TRUE(wait_for_element_message(second.pipeline(), "splicesink-recording-paused"));
  const auto window = playlist_at(dir / "www/window.m3u8");
  EXPECT_EQ(window.media_sequence + window.segments.size(), 27u);
  EXPECT_EQ(window.discontinuity_sequence + discontinuities(window), 1u);
  EXPECT_EQ(window.segments.back().uri, "../segment00026.ts");
}

TEST(SpliceSinkLive, FailsAlone) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "live-playlist-location=/proc/nowhere/window.m3u8"));
  publisher.send({{"video", long_video()}});
  const auto messages = finish(publisher, true);
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                          [](const auto &m) { return GST_MESSAGE_TYPE(m.get()) == GST_MESSAGE_WARNING; }),
            1);
  EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 21u);
}

}  // namespace
}  // namespace rec::test
