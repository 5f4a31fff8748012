// SPDX-License-Identifier: LGPL-2.1-or-later
// Where recsink cuts. Video has 25 frames a second, a keyframe every second, and each frame is another one.
#include <gst/video/video-event.h>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using namespace std::chrono_literals;

VideoSpec video_of(unsigned seconds, unsigned bframes = 0) {
  VideoSpec spec;
  spec.frames = seconds * 25;
  spec.bframes = bframes;
  return spec;
}
AudioSpec audio_of(unsigned seconds) {
  AudioSpec spec;
  spec.frames = seconds * 48000 / 1024;
  return spec;
}

// Seconds of video in each file.
std::vector<double> lengths(const std::vector<std::string> &files) {
  std::vector<double> all;
  for (const std::string &file : files)
    all.push_back(static_cast<double>(packets_of(file)["video"].size()) / 25);
  return all;
}

void expect_all_stored(const std::vector<std::string> &files, const Media &v, const Media &a) {
  EXPECT_EQ(hashes_stored(files, "video"), hashes_sent({v}));
  EXPECT_EQ(hashes_stored(files, "audio"), hashes_sent({a}));
  for (const std::string &file : files) EXPECT_EQ(playback_complaints(file), "") << file;
}

class RecSinkCutModes : public ::testing::TestWithParam<unsigned> {};  // B-frames

TEST_P(RecSinkCutModes, NotLongerCutsAtTheLastKeyframeWithinTheLimitAndLosesNothing) {
  const TempDir dir;
  const Media &v = video(video_of(11, GetParam()));
  const Media &a = audio(audio_of(11));
  Publisher publisher("recsink formats=flv+mp4 cut-mode=not-longer cycle=2500000000 location=" +
                      (dir / "%02d"));
  publisher.send({{"video", v}, {"audio_0", a}});
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    EXPECT_EQ(lengths(files), (std::vector<double>{2, 2, 2, 2, 2, 1})) << format;
    expect_all_stored(files, v, a);
  }
}

TEST_P(RecSinkCutModes, AtOrAfterCutsAtTheFirstKeyframeBehindTheLimit) {
  const TempDir dir;
  const Media &v = video(video_of(11, GetParam()));
  const Media &a = audio(audio_of(11));
  Publisher publisher("recsink formats=flv+mp4 cycle=2500000000 location=" + (dir / "%02d"));
  publisher.send({{"video", v}, {"audio_0", a}});
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    EXPECT_EQ(lengths(files), (std::vector<double>{3, 3, 3, 2})) << format;
    expect_all_stored(files, v, a);
  }
}

TEST_P(RecSinkCutModes, CloseAFileAsSoonAsTheNextOneHasBegun) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=2000000000 location=" + (dir / "%02d"));
  publisher.send({{"video", video(video_of(11, GetParam())).part(0s, 3s, 0s)},
                  {"audio_0", audio(audio_of(11)).part(0s, 3s, 0s)}});
  for (int file = 0; file < 2; ++file)  // of each format, while the stream goes on
    EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "recsink-file-closed"));
  finish_recording(publisher);
}

INSTANTIATE_TEST_SUITE_P(BFrames, RecSinkCutModes, ::testing::Values(0u, 2u));

TEST(RecSinkCuts, NotLongerMayMeetTheLimitExactly) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv cut-mode=not-longer cycle=2000000000 location=" + (dir / "%02d"));
  publisher.send({{"video", video(video_of(6))}, {"audio_0", audio(audio_of(6))}});
  EXPECT_EQ(lengths(files_of(finish_recording(publisher), "flv")), (std::vector<double>{2, 2, 2}));
}

TEST(RecSinkCuts, NotLongerStoresAGroupOfPicturesWholeThatIsLongerThanTheLimit) {
  const TempDir dir;
  VideoSpec spec = video_of(9);
  spec.gop = 75;
  const Media &v = video(spec);
  Publisher publisher("recsink formats=flv cut-mode=not-longer cycle=1000000000 location=" + (dir / "%02d"));
  publisher.send({{"video", v}});
  const auto files = files_of(finish_recording(publisher), "flv");
  EXPECT_EQ(lengths(files), (std::vector<double>{3, 3, 3}));
  EXPECT_EQ(hashes_stored(files, "video"), hashes_sent({v}));
}

TEST(RecSinkCuts, SizeLimitsAreKeptFromBelowAndFromAbove) {
  const TempDir dir;
  const Media &v = video(video_of(20));
  const Media &a = audio(audio_of(20));
  constexpr std::uintmax_t kLimit = 100000;
  for (const std::string mode : {"at-or-after", "not-longer"}) {
    Publisher publisher("recsink formats=flv+mp4 max-size-bytes=100000 cut-mode=" + mode +
                        " location=" + (dir / (mode + "-%02d")));
    publisher.send({{"video", v}, {"audio_0", a}});
    const auto messages = finish_recording(publisher);
    for (const std::string format : {"flv", "mp4"}) {
      auto files = files_of(messages, format);
      ASSERT_GT(files.size(), 3u) << format;
      expect_all_stored(files, v, a);
      files.pop_back();
      for (const std::string &file : files) {
        const auto size = std::filesystem::file_size(file);
        if (mode == "not-longer") {
          EXPECT_LE(size, kLimit) << file;
          EXPECT_GT(size, kLimit / 2) << file;
        } else {
          EXPECT_GT(size, kLimit * 9 / 10) << file;
          EXPECT_LT(size, kLimit * 2) << file;
        }
      }
    }
  }
}

TEST(RecSinkCuts, AlignedFilesBeginAtTheFirstKeyframeOfTheWallClockPeriod) {
  const TempDir dir;
  const Media &v = video(video_of(25));
  Publisher publisher("recsink formats=flv align-to-clock=true cycle=10000000000 location=" + (dir / "%02d"));
  publisher.send({{"video", v}});
  const auto messages = finish_recording(publisher);
  const auto closed = structures_named(messages, "recsink-file-closed");
  ASSERT_GE(closed.size(), 3u);
  std::map<guint, gint64> starts;
  for (const GstStructure *s : closed) starts[uint_field(s, "fragment-id")] = int64_field(s, "start-time");
  starts.erase(0);  // the first one begins when the stream does
  for (const auto &[id, start] : starts) EXPECT_LT(start % 10000000, 1000000) << id;
  EXPECT_EQ(hashes_stored(files_of(messages, "flv"), "video"), hashes_sent({v}));
}

TEST(RecSinkCuts, SplitNowCutsEveryFormatAtTheNextKeyframe) {
  const TempDir dir;
  const Media &v = video(video_of(6));
  const Media &a = audio(audio_of(6));
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "%02d"));
  publisher.send({{"video", v.part(0s, 3600ms, 0s)}, {"audio_0", a.part(0s, 3600ms, 0s)}});
  g_signal_emit_by_name(publisher.element(), "split-now");
  const Media late_audio = a.part(3600ms, 10s, 0s);
  publisher.send({{"video", v.part(3600ms, 10s, 3600ms)},
                  {"audio_0", late_audio.moved(a.units[a.units.size() - late_audio.units.size()].pts)}});
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    EXPECT_EQ(lengths(files), (std::vector<double>{4, 2})) << format;
    expect_all_stored(files, v, a);
  }
  EXPECT_EQ(files_of(messages, "aac").size(), 2u);
}

TEST(RecSinkCuts, SplitAtRunningTimeCutsWhereItSays) {
  const TempDir dir;
  const Media &v = video(video_of(8));
  for (const std::string mode : {"at-or-after", "not-longer"}) {
    Publisher publisher("recsink formats=mp4 cut-mode=" + mode + " location=" + (dir / (mode + "-%02d")));
    for (const guint64 second : {5, 2})  // in any order
      g_signal_emit_by_name(publisher.element(), "split-at-running-time",
                            static_cast<guint64>(second * GST_SECOND + GST_SECOND / 2));
    publisher.send({{"video", v}});
    const auto files = files_of(finish_recording(publisher), "mp4");
    EXPECT_EQ(lengths(files),
              mode == "at-or-after" ? (std::vector<double>{3, 3, 2}) : (std::vector<double>{2, 3, 3}))
        << mode;
  }
}

TEST(RecSinkCuts, GiveEachFormatACycleAndANameOfItsOwn) {
  const TempDir dir;
  const Media &v = video(video_of(6));
  Publisher publisher("recsink formats=flv+mp4 cycle=2000000000 location=" + (dir / "all-%02d"));
  // gst_parse_launch() 1.22 sets "mp4::cycle=..." as well, but keeps a reference to the child for ever.
  gst_child_proxy_set(GST_CHILD_PROXY(publisher.element()), "mp4::cycle", static_cast<gint64>(3 * GST_SECOND),
                      "mp4::location", (dir / "film/%03d").c_str(), nullptr);
  gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
  gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
  publisher.send({{"video", v}});
  const auto messages = finish_recording(publisher);
  const auto flv = files_of(messages, "flv");
  const auto mp4 = files_of(messages, "mp4");
  EXPECT_EQ(lengths(flv), (std::vector<double>{2, 2, 2}));
  EXPECT_EQ(lengths(mp4), (std::vector<double>{3, 3}));
  ASSERT_FALSE(mp4.empty());
  EXPECT_EQ(flv.front(), dir / "all-00.flv");
  EXPECT_EQ(mp4.front(), dir / "film/000.mp4");
}

// What goes upstream on the video pad.
struct UpstreamEvents {
  explicit UpstreamEvents(GstElement *element)
      : pad(Ref<GstPad>::adopt(gst_element_get_static_pad(element, "video"))) {
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
        [](GstPad *, GstPadProbeInfo *info, gpointer self) {
          GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
          GstClockTime running_time = 0;
          if (gst_video_event_parse_upstream_force_key_unit(event, &running_time, nullptr, nullptr))
            static_cast<UpstreamEvents *>(self)->keyframes_asked_for.push_back(running_time);
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  Ref<GstPad> pad;
  std::vector<GstClockTime> keyframes_asked_for;
};

TEST(RecSinkCuts, AskForAKeyframeOncePerCut) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=2500000000 location=" + (dir / "%02d"));
  publisher.connect("video");
  UpstreamEvents events(publisher.element());
  publisher.send({{"video", video(video_of(8))}});
  finish_recording(publisher);
  // Ahead at the begin of each file, for both formats at once; and again where the encoder did not obey.
  const std::vector<GstClockTime> expected = {2500 * GST_MSECOND, GST_CLOCK_TIME_NONE, 5500 * GST_MSECOND,
                                              GST_CLOCK_TIME_NONE, 8500 * GST_MSECOND};
  EXPECT_EQ(events.keyframes_asked_for, expected);
}

TEST(RecSinkCuts, AskForNoKeyframeWhenTheyMustNot) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv send-keyframe-requests=false cycle=2500000000 location=" +
                      (dir / "%02d"));
  publisher.connect("video");
  UpstreamEvents events(publisher.element());
  publisher.send({{"video", video(video_of(8))}});
  finish_recording(publisher);
  EXPECT_TRUE(events.keyframes_asked_for.empty());
}

}  // namespace
}  // namespace rec::test
