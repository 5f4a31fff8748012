// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink within one push: segments, cuts, tracks that misbehave, changes of encoding and timestamps.
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

VideoSpec video_spec(unsigned frames, unsigned gop = 25, unsigned bframes = 0) {
  VideoSpec spec;
  spec.frames = frames;
  spec.gop = gop;
  spec.bframes = bframes;
  return spec;
}
AudioSpec audio_spec(unsigned frames, unsigned rate = 48000) {
  AudioSpec spec;
  spec.frames = frames;
  spec.rate = rate;
  return spec;
}

class SpliceSinkCuts : public ::testing::TestWithParam<unsigned> {};  // B-frames

TEST_P(SpliceSinkCuts, StoreEveryFrameOnceOverTwentySegments) {
  const TempDir dir;
  const Media &v = video(video_spec(1025, 25, GetParam()));
  const Media &a = audio(audio_spec(1922));
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", v}, {"audio_0", a}});
  finish(publisher);

  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  const auto playlist = playlist_at(path);
  EXPECT_EQ(playlist.segments.size(), 21u);
  EXPECT_EQ(watched_playlist_versions(), 23u);  // with the first one, which lists nothing, and the last form
  EXPECT_TRUE(playlist.end_list);
  EXPECT_EQ(playlist.type, PlaylistType::vod);
  EXPECT_EQ(discontinuities(playlist), 0u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(playlist.segments[i].duration, seconds(2)) << i;
  EXPECT_EQ(recorded(path, "video"), sent(v, "video"));
  EXPECT_EQ(recorded(path, "audio"), sent(a, "audio"));
  EXPECT_EQ(playback_complaints(path), "");
  for (const auto &file : segment_files(path)) EXPECT_EQ(playback_complaints(file), "") << file;
}

INSTANTIATE_TEST_SUITE_P(BFrames, SpliceSinkCuts, ::testing::Values(0u, 2u));

TEST(SpliceSink, EndsASegmentAtTheFirstKeyframeAtOrAfterTheTarget) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video(video_spec(150, 30))}});  // keyframes every 1.2 s
  finish(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  ASSERT_EQ(playlist.segments.size(), 3u);
  EXPECT_EQ(playlist.segments[0].duration, milliseconds(2400));
  EXPECT_EQ(playlist.segments[1].duration, milliseconds(2400));
  EXPECT_EQ(playlist.segments[2].duration, milliseconds(1200));
}

TEST(SpliceSink, KeepsAudioAndVideoAsFarApartAsTheyWereSent) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}, {"audio_0", audio().moved(milliseconds(300))}});
  finish(publisher);
  auto packets = packets_of(segment_files(dir / "live.m3u8").at(0));
  const auto distance = *packets["audio"].at(0).pts - *packets["video"].at(0).pts;
  EXPECT_LT(std::abs((distance - milliseconds(300)).count()), 100);  // microseconds
}

TEST(SpliceSink, TellsEverySegmentWhenThePlaylistListsIt) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const auto messages = finish(publisher);
  const auto started = structures_named(messages, "splicesink-recording-started");
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(string_field(started[0], "location"), dir / "live.m3u8");
  const auto added = structures_named(messages, "splicesink-segment-added");
  const auto files = segment_files(dir / "live.m3u8");
  ASSERT_EQ(added.size(), 3u);
  guint64 bytes = 0;
  for (std::size_t i = 0; i < added.size(); ++i) {
    EXPECT_EQ(uint64_field(added[i], "sequence"), i);
    EXPECT_EQ(string_field(added[i], "location"), files[i]);
    EXPECT_EQ(uint64_field(added[i], "size"), read_file(files[i]).size());
    bytes += uint64_field(added[i], "size");
  }
  EXPECT_EQ(uint64_field(added[2], "total-duration") / GST_MSECOND,
            static_cast<guint64>(audio().end() / milliseconds(1)));
  const auto finished = structures_named(messages, "splicesink-recording-finished");
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(uint64_field(finished[0], "size"), bytes);
  EXPECT_EQ(uint64_field(finished[0], "segments"), 3u);
  EXPECT_EQ(string_field(finished[0], "video-codec"), "h264");
  EXPECT_EQ(string_field(finished[0], "audio-codec"), "aac");
  EXPECT_EQ(uint_field(finished[0], "width"), 160u);
  EXPECT_EQ(uint_field(finished[0], "height"), 120u);
}

TEST(SpliceSink, TellsHowTheFramesLieInEachSegment) {
  for (const std::string format : {"ts", "cmaf"}) {
    const TempDir dir;
    Publisher publisher(splice_line(dir, "segment-format=" + format));
    publisher.send({{"video", video()}, {"audio_0", audio().moved(milliseconds(300))}});
    const auto messages = finish(publisher);
    const auto added = structures_named(messages, "splicesink-segment-added");
    ASSERT_EQ(added.size(), 3u);
    for (const GstStructure *s : added) {
      EXPECT_EQ(uint64_field(s, "keyframes"), 2u);
      EXPECT_EQ(uint64_field(s, "longest-gop"), GST_SECOND);
    }
    EXPECT_EQ(int64_field(added[0], "audio-start-offset"), static_cast<gint64>(300 * GST_MSECOND)) << format;
    const auto end = (audio().end() + milliseconds(300)) - video().end();
    EXPECT_NEAR(int64_field(added[2], "audio-end-offset"), end.count(), 10) << format;  // of rounding
  }
}

TEST(SpliceSink, RecordsVideoAlone) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 3u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(), "video"));
}

TEST(SpliceSink, RecordsAudioAloneCutAfterTheTarget) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  const Media &a = audio(audio_spec(300));
  publisher.send({{"audio_0", a}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  const auto playlist = playlist_at(dir / "live.m3u8");
  ASSERT_GE(playlist.segments.size(), 3u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_GE(playlist.segments[i].duration, seconds(2));
    EXPECT_LT(playlist.segments[i].duration, milliseconds(2150));
  }
  EXPECT_EQ(media_duration(playlist) / milliseconds(1), a.end() / milliseconds(1));
  EXPECT_EQ(recorded(dir / "live.m3u8", "audio"), sent(a, "audio"));
}

TEST(SpliceSink, RecordsVideoWhenAudioNeverArrives) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.connect("audio_0");
  publisher.send({{"video", video(video_spec(1025))}});
  // Nothing has ended, and yet segments come.
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-segment-added"));
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), 1025u);
}

struct Codecs {
  const char *video;  // "" = none
  const char *audio;
};
class SpliceSinkCodecs : public ::testing::TestWithParam<Codecs> {};

TEST_P(SpliceSinkCodecs, AreStoredFrameByFrameInSegmentsThatPlay) {
  const TempDir dir;
  const auto [video_codec, audio_codec] = GetParam();
  std::map<std::string, Media> media;
  VideoSpec pictures = video_spec(150);
  pictures.codec = video_codec;
  AudioSpec sound = audio_spec(260, 44100);
  sound.codec = audio_codec;
  if (*video_codec) media["video"] = video(pictures);
  if (*audio_codec) media["audio_0"] = audio(sound);
  Publisher publisher(splice_line(dir));
  publisher.send(media);
  finish(publisher);

  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  const auto playlist = playlist_at(path);
  EXPECT_GE(playlist.segments.size(), 3u);
  EXPECT_EQ(discontinuities(playlist), 0u);
  if (*video_codec) {
    EXPECT_EQ(recorded(path, "video"), sent(media["video"], "video"));
  }
  if (*audio_codec) {
    EXPECT_EQ(recorded(path, "audio"), sent(media["audio_0"], "audio"));
  }
  EXPECT_EQ(playback_complaints(path), "");
  EXPECT_EQ(playback_complaints(segment_files(path).at(1)), "") << "what it needs is in each segment";
}

INSTANTIATE_TEST_SUITE_P(TransportStreams, SpliceSinkCodecs,
                         ::testing::Values(Codecs{"h265", "aac"}, Codecs{"h265", ""}, Codecs{"mpeg4", "mp3"},
                                           Codecs{"mpeg4", ""}, Codecs{"", "mp3"}));

// What a live encoder does: its first picture comes after much audio, for an instant before that audio.
TEST(SpliceSink, RecordsVideoThatBeginsBeforeTheAudioThatCameFirst) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.connect("video");
  publisher.send({{"audio_0", audio().part(seconds(0), seconds(1), seconds(1))}});
  publisher.send({{"video", video().moved(milliseconds(920))},
                  {"audio_0", audio().part(seconds(1), seconds(6), seconds(2))}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 0u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(), "video"));
}

TEST(SpliceSink, GoesOnWhenAudioDies) {
  const TempDir dir;
  const Media &v = video(video_spec(1025));
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", v}, {"audio_0", audio().part(seconds(0), seconds(3), seconds(0))}});
  for (int i = 0; i < 18; ++i)
    EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-segment-added"));
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 0u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), v.units.size());
  EXPECT_EQ(frames_in(dir / "live.m3u8", false), 141u);
}

TEST(SpliceSink, GoesOnWithAudioWhenVideoDies) {
  const TempDir dir;
  const Media &a = audio(audio_spec(1922));
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video().part(seconds(0), seconds(3), seconds(0))}, {"audio_0", a}});
  finish(publisher, true);
  expect_sound(dir / "live.m3u8");
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist), 1u);  // the tracks change
  EXPECT_GE(playlist.segments.size(), 18u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), 75u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", false), a.units.size());
}

TEST(SpliceSink, TakesALateAudioTrackInAtTheNextKeyframe) {
  const TempDir dir;
  // Sent in no time, so that the track is late only beyond what is held for a slow one (Patience::most).
  const Media late = audio().part(seconds(0), seconds(6), seconds(34));
  Publisher publisher(splice_line(dir));
  publisher.connect("audio_0");
  publisher.send({{"video", video(video_spec(1000))}, {"audio_0", late}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 1u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), 1000u);
  EXPECT_GE(frames_in(dir / "live.m3u8", false), late.units.size() - 47);  // less than a GOP is lost
}

TEST(SpliceSink, MarksWhereTimestampsStartAgain) {
  const TempDir dir;
  const Media v = video().moved(seconds(1000)), a = audio().moved(seconds(1000));
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", v}, {"audio_0", a}});
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const auto messages = finish(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-exception").size(), 2u);  // both tracks jump
  expect_sound(dir / "live.m3u8");
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_EQ(media_duration(playlist) / milliseconds(1), 2 * audio().end() / milliseconds(1));
  EXPECT_EQ(recorded(dir / "live.m3u8", "video").size(), 300u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "audio").size(), 2 * audio().units.size());
}

TEST(SpliceSink, CountsNoHoleAsMedia) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  publisher.send({{"video", video().moved(seconds(3600))}, {"audio_0", audio().moved(seconds(3600))}});
  finish(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_LT(media_duration(playlist), milliseconds(12100));
}

TEST(SpliceSink, MarksAHoleOfFiveSecondsThatNoSegmentCounts) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  publisher.send({{"video", video().moved(seconds(11))}, {"audio_0", audio().moved(seconds(11))}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_LT(media_duration(playlist), milliseconds(12100));
  EXPECT_EQ(recorded(dir / "live.m3u8", "video").size(), 300u);
}

TEST(SpliceSink, MarksAChangeOfCodecAndOfResolution) {
  const TempDir dir;
  VideoSpec h265 = video_spec(100), large = video_spec(100);
  h265.codec = "h265";
  large.width = 320;
  large.height = 240;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video().part(seconds(0), seconds(4), seconds(0))}});
  publisher.send({{"video", video(large).moved(seconds(4))}});
  publisher.send({{"video", video(h265).moved(seconds(8))}});
  const auto messages = finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 2u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video").size(), 300u);
  const auto finished = structures_named(messages, "splicesink-recording-finished");
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(string_field(finished[0], "video-codec"), "h265");
}

TEST(SpliceSink, MarksAChangeOfTheSampleRate) {
  const TempDir dir;
  const Media &other = audio(audio_spec(130, 44100));
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video().part(seconds(0), seconds(3), seconds(0))},
                  {"audio_0", audio().part(seconds(0), seconds(3), seconds(0))}});
  publisher.send(
      {{"video", video().part(seconds(3), seconds(6), seconds(3))}, {"audio_0", other.moved(seconds(3))}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 1u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video").size(), 150u);
}

TEST(SpliceSink, RaisesTheTargetDurationWithAWarningWhenKeyframesAreTooFarApart) {
  const TempDir dir;
  expect_lint_complaint("EXT-X-TARGETDURATION changed");
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video(video_spec(150, 125))}});
  const auto messages = finish(publisher, true);
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                          [](const auto &m) { return GST_MESSAGE_TYPE(m.get()) == GST_MESSAGE_WARNING; }),
            1);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(playlist.target_duration, seconds(7));  // and half as much again
  EXPECT_EQ(playlist.segments.at(0).duration, seconds(5));
}

TEST(SpliceSink, LeavesNothingBehindWhenNoMediaCame) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "splice-timeout=1000000000"));
  publisher.connect("video");
  publisher.connect("audio_0");
  publisher.begin("video", video().caps);
  publisher.begin("audio_0", audio().caps);
  finish(publisher);
  EXPECT_TRUE(dir.files().empty());
}

TEST(SpliceSink, OverwritesNothing) {
  const TempDir dir;
  write_file(dir / "live.m3u8", "precious");
  write_file(dir / "segment00000.ts", "precious too");
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}});
  const auto messages = finish(publisher);
  EXPECT_EQ(read_file(dir / "live.m3u8"), "precious");
  EXPECT_EQ(read_file(dir / "segment00000.ts"), "precious too");
  EXPECT_EQ(string_field(structures_named(messages, "splicesink-recording-started").at(0), "location"),
            dir / "live-1.m3u8");
  expect_sound(dir / "live-1.m3u8");
  EXPECT_EQ(playlist_at(dir / "live-1.m3u8").segments.at(0).uri, "segment00000-1.ts");
}

TEST(SpliceSink, PutsSegmentsWhereTheirPatternSays) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "location=\"ts/{UnixTimestamp}:{Sequence} a.ts\""));
  publisher.send({{"video", video()}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  const auto uri = playlist_at(dir / "live.m3u8").segments.at(1).uri;
  EXPECT_EQ(uri.substr(0, 3), "ts/");
  EXPECT_EQ(uri.substr(uri.size() - 11), "%3A1%20a.ts");
}

TEST(SpliceSink, RefusesToStartWithAPatternThatItCannotFill) {
  for (const char *wrong : {"location={Nonsense}.ts", "location={StreamName}.ts", "time-zone=Mars",
                            "playlist-location=/tmp/{EndTime}.m3u8"}) {
    const TempDir dir;
    const auto pipeline = parse_pipeline("( " + splice_line(dir, wrong) + " )");
    ASSERT_TRUE(pipeline);
    EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << wrong;
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
}

TEST(SpliceSink, AccountsForEveryFrame) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  Media v = video();
  v.units.erase(v.units.begin());  // begins in the middle of a GOP
  publisher.send({{"video", v}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  EXPECT_EQ(
      uint64_field(stats.get(), "frames-ingested"),
      uint64_field(stats.get(), "frames-stored") + uint64_field(stats.get(), "dropped-before-keyframe"));
  EXPECT_EQ(uint64_field(stats.get(), "dropped-before-keyframe"), 24u);
  EXPECT_EQ(uint64_field(stats.get(), "frames-stored"), recorded(dir / "live.m3u8", "video").size());
}

}  // namespace
}  // namespace rec::test
