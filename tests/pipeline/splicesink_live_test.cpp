// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink's playlist of the last segments, and recordings that are cut by their length.
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

TEST(SpliceSinkCycle, GoesOnInAnotherRecordingWithNoFrameLost) {
  const TempDir dir;
  AudioSpec sound;
  sound.frames = 1922;
  Publisher publisher(splice_line(dir, "cycle=15000000000 live-playlist-location=" + (dir / "window.m3u8")));
  publisher.send({{"video", long_video()}, {"audio_0", audio(sound)}});
  const auto messages = finish(publisher);

  const std::vector<std::string> paths = {dir / "live.m3u8", dir / "live-1.m3u8", dir / "live-2.m3u8"};
  std::vector<std::string> pictures, sounds;
  for (const std::string &path : paths) {
    expect_sound(path);
    const auto playlist = playlist_at(path);
    EXPECT_TRUE(playlist.end_list);
    EXPECT_EQ(playlist.segments.size(), path == paths[2] ? 5u : 8u);
    EXPECT_EQ(playlist.media_sequence, 0u);
    EXPECT_EQ(discontinuities(playlist), 0u);
    pictures = joined(pictures, recorded(path, "video"));
    sounds = joined(sounds, recorded(path, "audio"));
  }
  EXPECT_EQ(pictures, sent(long_video(), "video"));
  EXPECT_EQ(sounds, sent(audio(sound), "audio"));
  const auto window = playlist_at(dir / "window.m3u8");
  EXPECT_EQ(window.media_sequence + window.segments.size(), 21u);
  EXPECT_EQ(window.discontinuity_sequence, 0u);
  EXPECT_TRUE(window.end_list);

  const auto started = structures_named(messages, "splicesink-recording-started");
  const auto finished = structures_named(messages, "splicesink-recording-finished");
  ASSERT_EQ(started.size(), 3u);
  ASSERT_EQ(finished.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(string_field(finished[i], "location"), paths[i]);
  EXPECT_EQ(uint64_field(finished[0], "duration"), 16 * GST_SECOND);
}

TEST(SpliceSinkCycle, TakesTheInitialisationSectionAlong) {
  const TempDir dir;
  Publisher publisher(
      "splicesink segment-format=cmaf target-duration=2 cycle=15000000000 playlist-location=" +
      (dir / "%d/list.m3u8") + " location=s%d.m4s");
  publisher.send({{"video", long_video()}});
  finish(publisher);
  std::size_t pictures = 0;
  for (const std::string number : {"0", "1", "2"}) {
    const std::string path = dir / (number + "/list.m3u8");
    const auto playlist = playlist_at(path);
    EXPECT_TRUE(playlist.end_list);
    EXPECT_EQ(discontinuities(playlist), 0u);
    EXPECT_EQ(playlist.segments.at(0).map.value().uri, number == "0" ? "s0-init.mp4" : "../0/s0-init.mp4");
    EXPECT_EQ(playback_complaints(path), "");
    pictures += essence_of(path, "video").size();
  }
  EXPECT_EQ(pictures, 1025u);
}

TEST(SpliceSinkCycle, ContinuesTheLastRecordingAfterAnInterruption) {
  const TempDir dir;
  const std::string line = splice_line(dir, "cycle=15000000000 splice-timeout=600000000000");
  {
    Publisher first(line);
    first.send({{"video", long_video().part(seconds(0), seconds(20), seconds(0))}});
    first.end_all();
    EXPECT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-recording-paused"));
  }
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
  EXPECT_EQ(playlist_at(dir / "live-1.m3u8").segments.size(), 2u);
  Publisher second(line);
  second.send({{"video", long_video().part(seconds(0), seconds(20), seconds(0))}});
  second.end_all();
  EXPECT_TRUE(wait_for_element_message(second.pipeline(), "splicesink-recording-paused"));
  EXPECT_EQ(playlist_at(dir / "live-1.m3u8").segments.size(), 8u);
  EXPECT_EQ(playlist_at(dir / "live-2.m3u8").segments.size(), 4u);
  EXPECT_EQ(dir.files().size(), 20u + 3 + 2) << "segments, playlists, the note and the trail";
}

}  // namespace
}  // namespace rec::test
