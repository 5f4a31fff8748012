// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink over many interruptions of every kind, and over captures that are broken.
#include <random>

#include "gst/splicesink/splicesink.h"
#include "tests/common/command.h"
#include "tests/pipeline/splicesink_pushes.h"

namespace rec::test {
namespace {

// What the publisher does after an interruption, one kind after the other.
struct Comeback {
  const char *what;
  Media video;
  Media audio;  // empty: none
  bool breaks;  // a discontinuity
};

VideoSpec spec_of(const std::string &codec, unsigned width, unsigned height) {
  VideoSpec spec;
  spec.codec = codec;
  spec.width = width;
  spec.height = height;
  return spec;
}

// The same second of media is never sent twice: digests tell frames apart, and nothing is a repeat.
std::vector<Comeback> comebacks() {
  const Media small = video(), large = video(spec_of("h264", 320, 240)),
              h265 = video(spec_of("h265", 160, 120));
  const Media at48 = audio(), at44 = audio({.rate = 44100});
  std::vector<Comeback> all;
  Nanoseconds clock{0};
  const auto come_back = [&](const char *what, const Media &v, const Media &a, Nanoseconds clock_step,
                             bool breaks) {
    const auto take = std::chrono::seconds(static_cast<int>(all.size() % 6));
    clock += clock_step;
    all.push_back(
        {what, v.part(take, take + seconds(1), clock), a.part(take, take + seconds(1), clock), breaks});
    clock += seconds(1);
  };
  come_back("the first push", small, at48, Nanoseconds(0), false);
  for (int round = 0; round < 2; ++round) {
    come_back("goes on", small, at48, Nanoseconds(0), false);
    come_back("half a second later", small, at48, milliseconds(500), true);
    come_back("two minutes later", small, at48, seconds(120), true);
    come_back("another resolution", large, at48, Nanoseconds(0), true);
    come_back("another codec", h265, at48, seconds(5), true);
    come_back("another sampling rate", h265, at44, Nanoseconds(0), true);
    come_back("without audio", small, {at48.caps, {}}, seconds(10), true);
    come_back("with audio again", small, at48, Nanoseconds(0), true);
    come_back("timestamps begin again", small, at48, -clock, true);
    come_back("the clock has jumped", small, at48, std::chrono::hours(30), true);
  }
  return all;
}

// How far audio begins from video in a segment, by what the publisher sent and by what was recorded.
Nanoseconds distance_of_tracks(const TsScan &scan) {
  Nanoseconds v{0}, a{0};
  for (const TsTrack &track : scan.tracks) (track.is_video ? v : a) = track.first;
  return a - v;
}

TEST(SpliceSinkSplices, TwentyInterruptionsAreOneRecording) {
  const TempDir dir;
  const std::string path = dir / "live.m3u8";
  const auto pushes = comebacks();
  std::size_t frames = 0, sounds = 0;
  Publisher publisher(splice_line(dir, kLong));
  for (const Comeback &push : pushes) {
    SCOPED_TRACE(push.what);
    std::map<std::string, Media> media = {{"video", push.video}};
    if (!push.audio.units.empty())
      media["audio_0"] = push.audio;
    else
      publisher.disconnect("audio_0");
    publisher.send(media);
    frames += push.video.units.size();
    sounds += push.audio.units.size();
    if (&push == &pushes.back()) break;
    pause(publisher);
    EXPECT_FALSE(playlist_at(path).end_list);
  }
  const auto messages = close(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 1u);
  const auto playlist = playlist_at(path);
  ASSERT_EQ(playlist.segments.size(), pushes.size());
  expect_sound(path);
  EXPECT_EQ(lost_packets(path), 0u);
  EXPECT_EQ(frames_in(path, true), frames);
  EXPECT_EQ(frames_in(path, false) + stat_of(publisher, "dropped-before-keyframe"), sounds);
  const auto files = segment_files(path);
  for (std::size_t i = 0; i < pushes.size(); ++i) {
    SCOPED_TRACE(std::to_string(i) + ": " + pushes[i].what);
    EXPECT_EQ(playlist.segments[i].discontinuity, pushes[i].breaks);
    EXPECT_LT(playlist.segments[i].duration, milliseconds(1060));  // never the time in which nothing came
    if (pushes[i].audio.units.empty()) continue;
    const Nanoseconds sent = pushes[i].audio.units.front().pts - pushes[i].video.units.front().pts;
    const Nanoseconds error = distance_of_tracks(scan_of(files[i])) - sent;
    EXPECT_LE(error, milliseconds(20));
    EXPECT_GE(error, -milliseconds(20));
  }
}

// A capture of ffmpeg's encoders and muxers.
std::string capture(const TempDir &dir, const std::string &format) {
  const std::string path = dir / ("capture." + format);
  const CommandResult made = run_command({"ffmpeg",
                                          "-v",
                                          "error",
                                          "-f",
                                          "lavfi",
                                          "-i",
                                          "testsrc=duration=8:size=160x120:rate=25",
                                          "-f",
                                          "lavfi",
                                          "-i",
                                          "sine=duration=8:sample_rate=44100",
                                          "-c:v",
                                          "libx264",
                                          "-preset",
                                          "ultrafast",
                                          "-g",
                                          "25",
                                          "-bf",
                                          "2",
                                          "-pix_fmt",
                                          "yuv420p",
                                          "-c:a",
                                          "aac",
                                          "-f",
                                          format == "ts" ? "mpegts" : format,
                                          path});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return path;
}

// From here on captures are damaged: flvdemux makes a pad when it sees the first frame, and of a track that
// never comes nobody sends EOS.
constexpr std::size_t kHead = 20'000;

// Begins and ends anywhere, and lacks pieces in between.
std::string cut_at_random(const std::string &bytes, bool keeps_header, std::mt19937 &random) {
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::size_t begin = keeps_header ? 0 : below(bytes.size() / 4);
  std::string cut = bytes.substr(begin, bytes.size() - begin - below(bytes.size() / 4));
  for (int i = 0; i < 6; ++i) {
    const std::size_t at = kHead + below(cut.size() - kHead - 5000);
    if (i % 2 == 0)
      cut.erase(at, 1 + below(3000));
    else
      for (std::size_t n = below(200); n > 0; --n) cut[at + n] = static_cast<char>(random());
  }
  return cut;
}

// Until the end, or until the demuxer gives up.
void run_to_the_end(GstElement *pipeline) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline));
  const auto end = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(
      bus.get(), 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  EXPECT_TRUE(end) << "it hangs";
  const bool failed = end && GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR;
  EXPECT_FALSE(failed && std::string(GST_MESSAGE_SRC_NAME(end.get())) == "s") << "the recorder stops nobody";
  gst_element_set_state(pipeline, GST_STATE_NULL);
}

class SpliceSinkCaptures : public ::testing::TestWithParam<const char *> {};

TEST_P(SpliceSinkCaptures, CutAtRandomAreOneSoundRecording) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TempDir dir;
  const bool is_ts = std::string(GetParam()) == "ts";
  const std::string whole = read_file(capture(dir, GetParam()));
  const int pushes = g_getenv("REC_LONG") ? 100 : 6;
  for (int push = 0; push < pushes; ++push) {
    // Damaged keyframes make segments longer: not by so much that the target duration would have to be
    // raised.
    write_file(dir / "broken", cut_at_random(whole, !is_ts, random));
    const auto pipeline =
        parse_pipeline("filesrc location=" + (dir / "broken") + " ! " + (is_ts ? "tsdemux" : "flvdemux") +
                       " name=d d. ! queue ! h264parse ! s.video d. ! queue ! aacparse ! s.audio_0 "
                       "splicesink name=s target-duration=6 splice-timeout=60000000000 playlist-location=" +
                       (dir / "live.m3u8"));
    ASSERT_TRUE(pipeline);
    const auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "s"));
    g_signal_connect(sink.get(), "poll-hold",
                     G_CALLBACK(+[](GstElement *, guint64, gpointer) -> int { return REC_SPLICE_HOLD_GONE; }),
                     nullptr);
    run_to_the_end(pipeline.get());
  }
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  EXPECT_EQ(lost_packets(path), 0u);
  const auto playlist = playlist_at(path);
  EXPECT_GE(playlist.segments.size(), static_cast<std::size_t>(pushes));
  EXPECT_FALSE(std::filesystem::exists(dir / "live-1.m3u8"));
  const auto files = segment_files(path);
  for (std::size_t i = 0; i < files.size(); ++i) {
    // EXTINF is what is in the segment, whatever was lost before, in and behind it.
    const Nanoseconds in_it = scan_of(files[i]).duration();
    EXPECT_LT(playlist.segments[i].duration - in_it, milliseconds(3100)) << files[i];
    EXPECT_GT(playlist.segments[i].duration - in_it, -milliseconds(500)) << files[i];
  }
}

INSTANTIATE_TEST_SUITE_P(OfOtherEncoders, SpliceSinkCaptures, ::testing::Values("ts", "flv"));

}  // namespace
}  // namespace rec::test
