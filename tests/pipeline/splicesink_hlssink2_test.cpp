// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink where hlssink2 was: its properties and signals mean what they meant.
#include <gst/video/video.h>

#include <map>
#include <optional>
#include <set>

#include "tests/common/hls_lint.h"
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::seconds;

const Media &long_video() {
  VideoSpec spec;
  spec.frames = 1025;  // 20 segments of 2 s, and one
  return video(spec);
}

std::set<std::string> segments_in(const TempDir &dir) {
  std::set<std::string> names;
  for (const std::string &name : dir.files())
    if (name.ends_with(".ts")) names.insert(name);
  return names;
}

TEST(SpliceSinkForHlsSink2, KeepsTheLastFilesAndListsTheLastSegments) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "playlist-length=5 max-files=7"));
  publisher.send({{"video", long_video()}});
  finish(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(playlist.type, PlaylistType::none);
  EXPECT_EQ(playlist.segments.size(), 5u);
  EXPECT_EQ(playlist.media_sequence, 16u);
  EXPECT_TRUE(playlist.end_list);
  const auto kept = segments_in(dir);
  EXPECT_EQ(kept.size(), 7u);
  EXPECT_EQ(*kept.begin(), "segment00014.ts");
  EXPECT_GE(watched_playlist_versions(), 22u) << "each of which listed files that were there";
}

TEST(SpliceSinkForHlsSink2, SlidesOnWhereAnotherElementGoesOn) {
  const TempDir dir;
  const std::string line = splice_line(dir, "playlist-length=5 max-files=5 splice-timeout=600000000000");
  for (int push = 0; push < 2; ++push) {
    Publisher publisher(line);
    publisher.send({{"video", long_video()}});
    publisher.end_all();
    EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
    const auto playlist = playlist_at(dir / "live.m3u8");
    EXPECT_FALSE(playlist.end_list);
    EXPECT_EQ(playlist.media_sequence + playlist.segments.size(), push == 0 ? 21u : 42u);
    EXPECT_LE(segments_in(dir).size(), 6u);
  }
  EXPECT_EQ(playlist_at(dir / "live.m3u8").discontinuity_sequence, 1u);
}

TEST(SpliceSinkForHlsSink2, LeavesDeletingToWhoeverHandlesTheSignal) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "playlist-length=5 max-files=7"));
  std::vector<std::string> told;
  g_signal_connect(publisher.element(), "delete-fragment",
                   G_CALLBACK(+[](GstElement *, const char *location, std::vector<std::string> *all) {
                     all->push_back(location);
                   }),
                   &told);
  publisher.send({{"video", long_video()}});
  finish(publisher);
  EXPECT_EQ(segments_in(dir).size(), 21u);
  ASSERT_EQ(told.size(), 14u);
  EXPECT_EQ(told.front(), dir / "segment00000.ts");
  EXPECT_EQ(told.back(), dir / "segment00013.ts");
}

struct Asked {
  explicit Asked(GstElement *element)
      : pad(Ref<GstPad>::adopt(gst_element_get_static_pad(element, "video"))) {
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
        [](GstPad *, GstPadProbeInfo *info, gpointer self) {
          GstClockTime when = 0;
          if (gst_video_event_parse_upstream_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info), &when, nullptr,
                                                            nullptr))
            static_cast<Asked *>(self)->keyframes.push_back(when);
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  Ref<GstPad> pad;
  std::vector<GstClockTime> keyframes;
};

TEST(SpliceSinkForHlsSink2, AsksForAKeyframeWhereASegmentShouldEnd) {
  for (const bool wanted : {true, false}) {
    const TempDir dir;
    Publisher publisher(splice_line(dir, wanted ? "" : "send-keyframe-requests=false"));
    publisher.connect("video");
    Asked asked(publisher.element());
    publisher.send({{"video", video()}});
    finish(publisher);
    std::sort(asked.keyframes.begin(), asked.keyframes.end());  // what is sent at once is not asked in order
    const std::vector<GstClockTime> expected = {2 * GST_SECOND, 4 * GST_SECOND, 6 * GST_SECOND};
    EXPECT_EQ(asked.keyframes, wanted ? expected : std::vector<GstClockTime>());
  }
}

// Streams in memory, and in what order they were opened, closed and referred to.
struct Streams {
  std::map<std::string, std::vector<GOutputStream *>> all;
  std::vector<std::string> open_when_listed;  // segments that a playlist named too early

  ~Streams() {
    for (auto &[name, streams] : all)
      for (GOutputStream *stream : streams) g_object_unref(stream);
  }
  std::string text(const std::string &name, std::size_t version) const {
    auto *stream = G_MEMORY_OUTPUT_STREAM(all.at(name).at(version));
    return {static_cast<const char *>(g_memory_output_stream_get_data(stream)),
            g_memory_output_stream_get_data_size(stream)};
  }
  static GOutputStream *open(GstElement *, const char *location, Streams *self) {
    GOutputStream *stream = g_memory_output_stream_new_resizable();
    self->all[location].push_back(stream);
    return G_OUTPUT_STREAM(g_object_ref(stream));
  }
};

TEST(SpliceSinkForHlsSink2, WritesToTheApplicationsStreamsAndClosesThemBeforeTheyAreListed) {
  const TempDir dir;
  Streams streams;
  {
    Publisher publisher(splice_line(dir, "playlist-length=5"));
    gst_element_set_state(publisher.pipeline(), GST_STATE_READY);
    g_signal_connect(publisher.element(), "get-fragment-stream", G_CALLBACK(Streams::open), &streams);
    g_signal_connect(publisher.element(), "get-playlist-stream",
                     G_CALLBACK(+[](GstElement *element, const char *location, Streams *self) {
                       std::size_t open = 0;
                       for (const auto &[name, versions] : self->all)
                         for (GOutputStream *stream : versions) open += !g_output_stream_is_closed(stream);
                       if (open > 0) self->open_when_listed.push_back(location);
                       return Streams::open(element, location, self);
                     }),
                     &streams);
    gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
    publisher.send({{"video", long_video()}});
    finish(publisher);
  }
  EXPECT_TRUE(dir.files().empty());
  EXPECT_TRUE(streams.open_when_listed.empty());
  const std::string name = dir / "live.m3u8";
  ASSERT_EQ(streams.all[name].size(), 22u);  // each segment's, and the end
  std::optional<LintedPlaylist> before;
  for (std::size_t version = 0; version < 22; ++version) {
    const auto now = lint_playlist(streams.text(name, version),
                                   [&](const std::string &uri) { return streams.all.contains(dir / uri); });
    EXPECT_TRUE(now.complaints.empty()) << now.complaints[0];
    const auto changes = before ? lint_change(*before, now) : std::vector<std::string>();
    EXPECT_TRUE(changes.empty()) << changes[0];
    before = now;
  }
  EXPECT_TRUE(before->end_list);
  std::uint64_t pictures = 0;
  for (const auto &[location, versions] : streams.all)
    if (location.ends_with(".ts")) {
      ASSERT_EQ(versions.size(), 1u);
      const std::string bytes = streams.text(location, 0);
      const auto scan = scan_ts({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
      EXPECT_TRUE(scan.is_segment());
      pictures += scan.tracks.at(0).frames;
    }
  EXPECT_EQ(pictures, 1025u);
}

TEST(SpliceSinkForHlsSink2, WarnsWhenItGetsNoStream) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  gst_element_set_state(publisher.pipeline(), GST_STATE_READY);
  g_signal_connect(publisher.element(), "get-fragment-stream",
                   G_CALLBACK(+[](GstElement *, const char *, gpointer) -> gpointer { return nullptr; }),
                   nullptr);
  gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
  publisher.send({{"video", video()}});
  const auto messages = finish(publisher, true);
  EXPECT_TRUE(std::any_of(messages.begin(), messages.end(), [](const auto &m) {
    return GST_MESSAGE_TYPE(m.get()) == GST_MESSAGE_WARNING &&
           complaint_of(m.get()).find("gave no stream") != std::string::npos;
  }));
}

TEST(SpliceSinkForHlsSink2, KnowsItsNameOfTheAudioPad) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  publisher.send({{"video", video()}, {"audio", audio()}});
  finish(publisher);
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(), "video"));
  EXPECT_EQ(recorded(dir / "live.m3u8", "audio").size(), audio().units.size());
}

// The launch line of hlssink2's documentation, short enough for a test.
TEST(SpliceSinkForHlsSink2, TakesItsPlaceInItsOwnPipeline) {
  expect_lint_complaint("has no end");  // hlssink2's does not, and
  expect_lint_complaint("EXT-X-TARGETDURATION changed");
  std::vector<std::size_t> files, listed;
  for (const std::string sink : {"hlssink2", "splicesink"}) {
    const TempDir dir;
    const auto pipeline = parse_pipeline(
        "videotestsrc num-buffers=500 ! video/x-raw,width=160,height=120,framerate=25/1 ! "
        "x264enc speed-preset=ultrafast key-int-max=25 ! h264parse ! " +
        sink + " max-files=6 playlist-length=5 target-duration=2 location=" + (dir / "segment%05d.ts") +
        " playlist-location=" + (dir / "playlist.m3u8"));
    ASSERT_TRUE(pipeline);
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
    const auto end = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(
        bus.get(), 20 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    ASSERT_TRUE(end);
    EXPECT_EQ(GST_MESSAGE_TYPE(end.get()), GST_MESSAGE_EOS) << sink;
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    const auto playlist = lint_playlist(read_file(dir / "playlist.m3u8"));
    EXPECT_TRUE(playlist.end_list);
    ASSERT_FALSE(playlist.segments.empty());
    files.push_back(segments_in(dir).size());
    listed.push_back(playlist.segments.size());
    EXPECT_EQ(playlist.segments.back().uri, "segment00009.ts") << sink;
  }
  EXPECT_EQ(files, (std::vector<std::size_t>{6, 6}));
  EXPECT_EQ(listed, (std::vector<std::size_t>{5, 5}));
}

}  // namespace
}  // namespace rec::test
