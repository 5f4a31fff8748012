// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink with fragmented MP4 segments: what every player plays, in one push and over several.
#include <set>
#include <thread>

#include "core/model/cmaf_init.h"
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kLong[] = "splice-timeout=60000000000";
constexpr std::int64_t kFrame = kCmafTimescale / 25;  // of video

std::string cmaf_line(const TempDir &dir, const std::string &more = "") {
  return splice_line(dir, "segment-format=cmaf " + more);
}

VideoSpec video_spec(unsigned frames, unsigned bframes = 0, const std::string &codec = "h264") {
  VideoSpec spec;
  spec.frames = frames;
  spec.bframes = bframes;
  spec.codec = codec;
  return spec;
}
AudioSpec audio_spec(unsigned frames, unsigned rate = 48000, const std::string &codec = "aac") {
  AudioSpec spec;
  spec.frames = frames;
  spec.rate = rate;
  spec.codec = codec;
  return spec;
}

const CmafScanTrack &track_of(const CmafScan &scan, bool is_video) {
  static const CmafScanTrack none;
  for (const CmafScanTrack &track : scan.tracks)
    if (track.is_video == is_video) return track;
  ADD_FAILURE() << "no such track";
  return none;
}

std::set<std::string> maps_of(const std::string &path) {
  std::set<std::string> maps;
  for (const auto &segment : playlist_at(path).segments) maps.insert(segment.map ? segment.map->uri : "");
  return maps;
}

// One line of decoding times over the whole recording; each segment begins on it where the ones before it
// ended, with its first picture beside its first sound.
void expect_one_line(const std::string &path) {
  const auto playlist = playlist_at(path);
  const auto files = segment_files(path);
  Nanoseconds begin{0};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const CmafScan scan = cmaf_scan_of(files[i]);
    const std::int64_t ticks = begin.count() * kCmafTimescale / 1'000'000'000;
    for (const CmafScanTrack &track : scan.tracks)
      EXPECT_LE(std::abs(track.first - ticks), kFrame) << files[i] << ", track " << track.id;
    const bool ends_a_period = i + 1 == files.size() || playlist.segments[i + 1].discontinuity;
    const auto shown =
        std::chrono::duration_cast<milliseconds>(scan.duration() - playlist.segments[i].duration);
    EXPECT_LE(std::abs(shown.count()), ends_a_period ? 1 : 40) << files[i];
    begin += playlist.segments[i].duration;
  }
}

struct Codecs {
  const char *video;  // "" = none
  unsigned bframes;
  const char *audio;
};
class SpliceSinkCmaf : public ::testing::TestWithParam<Codecs> {};

TEST_P(SpliceSinkCmaf, StoresEveryFrameOnceInSegmentsThatPlay) {
  const TempDir dir;
  const auto [video_codec, bframes, audio_codec] = GetParam();
  std::map<std::string, Media> media;
  if (*video_codec) media["video"] = video(video_spec(125, bframes, video_codec));
  // Sound before the first picture would be left out.
  const Nanoseconds begin = *video_codec ? media["video"].units.front().pts : Nanoseconds(0);
  if (*audio_codec) media["audio_0"] = audio(audio_spec(220, 44100, audio_codec)).moved(begin);
  Publisher publisher(cmaf_line(dir));
  publisher.send(media);
  finish(publisher);

  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  expect_one_line(path);
  const auto playlist = playlist_at(path);
  EXPECT_GE(playlist.segments.size(), 3u);
  EXPECT_EQ(playlist.version, 6u);
  EXPECT_EQ(maps_of(path), std::set<std::string>{"segment00000-init.mp4"});
  EXPECT_EQ(discontinuities(playlist), 0u);
  if (*video_codec) {
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(playlist.segments[i].duration, seconds(2)) << i;
    EXPECT_EQ(recorded(path, "video"), sent(media["video"], "video"));
  }
  if (*audio_codec) {
    EXPECT_EQ(recorded(path, "audio"), sent(media["audio_0"], "audio"));
  }
  const TempDir copies;
  for (const auto &file : playable_files(path, copies)) EXPECT_EQ(playback_complaints(file), "") << file;
  EXPECT_EQ(playback_complaints(path), "");
}

INSTANTIATE_TEST_SUITE_P(Codecs, SpliceSinkCmaf,
                         ::testing::Values(Codecs{"h264", 0, "aac"}, Codecs{"h264", 2, "aac"},
                                           Codecs{"h265", 0, "aac"}, Codecs{"h264", 0, "mp3"},
                                           Codecs{"h264", 2, ""}, Codecs{"", 0, "aac"},
                                           Codecs{"", 0, "mp3"}));

TEST(SpliceSinkCmafTimes, KeepsAudioAndVideoAsFarApartAsTheyWereSent) {
  const TempDir dir;
  Publisher publisher(cmaf_line(dir));
  publisher.send({{"video", video(video_spec(150, 2))}, {"audio_0", audio().moved(milliseconds(300))}});
  finish(publisher);
  const CmafScan scan = cmaf_scan_of(segment_files(dir / "live.m3u8").at(0));
  const Media &v = video(video_spec(150, 2));
  const auto apart = (milliseconds(300) - v.units.front().pts).count() * 9 / 100'000;
  EXPECT_LE(std::abs(track_of(scan, false).first - track_of(scan, true).first - apart), 1);
  EXPECT_EQ(track_of(scan, true).first, 0);
}

TEST(SpliceSinkCmafTimes, LeavesOutSoundBeforeTheFirstPicture) {
  const TempDir dir;
  Publisher publisher(cmaf_line(dir));
  publisher.connect("video");
  publisher.send({{"audio_0", audio().part(seconds(0), seconds(1), seconds(1))}});
  publisher.send({{"video", video(video_spec(150, 2)).moved(milliseconds(920))},
                  {"audio_0", audio().part(seconds(1), seconds(6), seconds(2))}});
  finish(publisher);
  expect_sound(dir / "live.m3u8");
  expect_one_line(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 0u);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(video_spec(150, 2)), "video"));
}

TEST(SpliceSinkCmafSplice, PutsPicturesOfTwoSizesAndSoundsOfTwoRatesOnOneLine) {
  const TempDir dir;
  VideoSpec large = video_spec(150, 2);
  large.width = 320;
  large.height = 240;
  Publisher publisher(cmaf_line(dir, kLong));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  publisher.send({{"video", video(large).moved(seconds(5000))},
                  {"audio_0", audio(audio_spec(260, 44100)).moved(seconds(5000))}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  wait_for_eos(publisher);

  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  expect_one_line(path);
  const auto playlist = playlist_at(path);
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_EQ(maps_of(path).size(), 2u);
  EXPECT_EQ(recorded(path, "video"), joined(sent(video(), "video"), sent(video(large), "video")));
}

TEST(SpliceSinkCmafSplice, RepeatsTheMapOfAnEncodingThatComesBack) {
  const TempDir dir;
  {
    Publisher first(cmaf_line(dir, kLong));
    first.send({{"video", video()}, {"audio_0", audio()}});
    first.end_all();
    ASSERT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-recording-paused"));
  }
  Publisher second(cmaf_line(dir, "splice-timeout=300000000"));
  second.send({{"video", video().moved(seconds(99))}, {"audio_0", audio().moved(seconds(99))}});
  finish(second);
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  expect_one_line(path);
  EXPECT_EQ(maps_of(path).size(), 1u);
  const std::string text = read_file(path);
  const auto tag = text.find("#EXT-X-DISCONTINUITY");
  EXPECT_NE(text.find("#EXT-X-MAP", tag), std::string::npos) << text;
}

TEST(SpliceSinkCmafSplice, BeginsAnotherRecordingWhereTheOldOneHasTransportStreams) {
  const TempDir dir;
  {
    Publisher first(splice_line(dir, kLong));
    first.send({{"video", video()}});
    first.end_all();
    ASSERT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-recording-paused"));
  }
  Publisher second(cmaf_line(dir));
  second.send({{"video", video()}});
  finish(second, true);
  expect_sound(dir / "live.m3u8");
  expect_sound(dir / "live-1.m3u8");
  EXPECT_EQ(maps_of(dir / "live.m3u8"), std::set<std::string>{""});
  EXPECT_EQ(maps_of(dir / "live-1.m3u8").size(), 1u);
}

TEST(SpliceSinkCmafSplice, ListsTheWholeFragmentsThatADeadProcessWroteAndContinues) {
  const TempDir live, dead;
  {
    Publisher first(cmaf_line(live, kLong));
    first.send({{"video", video()}, {"audio_0", audio()}});
    for (int i = 0; i < 2; ++i)
      ASSERT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-segment-added"));
    // The third segment is being written: fragments of half a second, the last one still in memory.
    const std::string part = live / ".segment00002.m4s.part";
    const auto is_written = [&] { return cmaf_scan_of(part).is_segment(); };
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!(std::filesystem::exists(part) && is_written()) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    ASSERT_TRUE(is_written());
    for (const auto &name : live.files()) {
      std::string bytes = read_file(live / name);
      for (auto at = bytes.find(live.path()); name.ends_with(".splice") && at != bytes.npos;
           at = bytes.find(live.path()))
        bytes.replace(at, live.path().string().size(), dead.path());
      write_file(dead / name, bytes);
    }
  }
  write_file(dead / ".segment00002.m4s.part", read_file(dead / ".segment00002.m4s.part") + "torn");
  Publisher second(cmaf_line(dead, "splice-timeout=300000000"));
  second.send({{"video", video().moved(seconds(99))}, {"audio_0", audio().moved(seconds(99))}});
  finish(second, true);
  const std::string path = dead / "live.m3u8";
  expect_sound(path);
  expect_one_line(path);
  const auto playlist = playlist_at(path);
  ASSERT_EQ(playlist.segments.size(), 6u);
  EXPECT_TRUE(playlist.segments[3].discontinuity);
  const TempDir copies;
  EXPECT_EQ(playback_complaints(playable_files(path, copies).at(2)), "");
  EXPECT_FALSE(std::filesystem::exists(dead / ".segment00002.m4s.part"));
}

TEST(SpliceSinkCmaf, TellsTheInitialisationSectionWithTheFirstSegmentThatNeedsIt) {
  const TempDir dir;
  Publisher publisher(cmaf_line(dir));
  publisher.send({{"video", video()}});
  const auto messages = finish(publisher);
  const auto added = structures_named(messages, "splicesink-segment-added");
  ASSERT_EQ(added.size(), 3u);
  EXPECT_EQ(string_field(added[0], "map-location"), dir / "segment00000-init.mp4");
  EXPECT_EQ(string_field(added[0], "map-uri"), "segment00000-init.mp4");
  EXPECT_EQ(string_field(added[1], "map-location"), "");
}

TEST(SpliceSinkCmaf, SaysThatTransportStreamsHoldMpeg4) {
  const TempDir dir;
  Publisher publisher(cmaf_line(dir));
  publisher.send({{"video", video(video_spec(75, 0, "mpeg4"))}});
  const auto messages = finish(publisher, true);
  std::string text;
  for (const auto &message : messages)
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING) {
      ErrorOut e;
      gst_message_parse_warning(message.get(), e.out(), nullptr);
      text += e->message;
    }
  EXPECT_NE(text.find("hls-cmaf cannot hold this video: mpeg4, which mp4, hls can hold"), std::string::npos)
      << text;
  EXPECT_TRUE(dir.files().empty());
}

}  // namespace
}  // namespace rec::test
