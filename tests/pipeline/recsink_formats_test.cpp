// SPDX-License-Identifier: LGPL-2.1-or-later
// Which codecs each format of recsink holds, and what it says and does about those that it cannot hold.
#include "gst/common/containers.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

VideoSpec video_of(const std::string &codec, unsigned bframes = 0) {
  VideoSpec spec;
  spec.codec = codec;
  spec.frames = 75;
  spec.bframes = bframes;
  return spec;
}
AudioSpec audio_of(const std::string &codec, unsigned rate = 44100) {
  AudioSpec spec;
  spec.codec = codec;
  spec.rate = codec == "opus" ? 48000 : rate;
  spec.frames = 130;
  return spec;
}

guint64 ledger(const Publisher &publisher, const std::string &format, const char *field) {
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *frames_raw = nullptr;
  EXPECT_TRUE(gst_structure_get(stats.get(), format.c_str(), GST_TYPE_STRUCTURE, &frames_raw, nullptr));
  const StructurePtr frames(frames_raw);
  return frames ? uint64_field(frames.get(), field) : 0;
}

struct Pairing {
  const char *formats;  // that hold both
  const char *video;    // "" without
  const char *audio;
  const char *video_name;  // ffprobe's
  const char *audio_name;
};

class RecSinkFormats : public ::testing::TestWithParam<Pairing> {};

TEST_P(RecSinkFormats, HoldEveryFrameOfTheirCodecsAndDecode) {
  const Pairing &p = GetParam();
  const TempDir dir;
  Publisher publisher(std::string("recsink formats=") + p.formats + " location=" + (dir / "cam"));
  std::map<std::string, Media> media;
  if (*p.video) media["video"] = video(video_of(p.video, 2));
  if (*p.audio) media["audio_0"] = audio(audio_of(p.audio));
  publisher.send(media);
  const auto messages = finish_recording(publisher);
  EXPECT_EQ(warnings_in(messages), "");
  const auto formats = parse_formats(p.formats);
  for (const Format format : *formats) {
    const auto files = files_of(messages, std::string(name_of(format)));
    ASSERT_EQ(files.size(), 1u) << name_of(format);
    auto streams = decoded(files[0]);
    if (*p.video && container_of(format).takes(MediaKind::video)) {
      EXPECT_EQ(streams["video"].codec, p.video_name) << files[0];
      EXPECT_EQ(streams["video"].frames, media["video"].units.size()) << files[0];
      EXPECT_EQ(hashes_stored(files, "video"), hashes_sent({media["video"]})) << files[0];
    }
    if (*p.audio) {
      EXPECT_EQ(streams["audio"].codec, p.audio_name) << files[0];
      EXPECT_EQ(streams["audio"].packets, media["audio_0"].units.size()) << files[0];
      EXPECT_EQ(streams["audio"].frames, media["audio_0"].units.size()) << files[0];
      const Hashes sent = hashes_sent({media["audio_0"]});
      if (format != Format::aac) {
        EXPECT_EQ(hashes_stored(files, "audio"), sent) << files[0];
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, RecSinkFormats,
                         ::testing::Values(Pairing{"flv+mp4+aac", "h264", "aac", "h264", "aac"},
                                           Pairing{"flv+mp4+mp3", "h264", "mp3", "h264", "mp3"},
                                           Pairing{"mp4", "h264", "opus", "h264", "opus"},
                                           Pairing{"mp4+aac", "h265", "aac", "hevc", "aac"},
                                           Pairing{"mp4", "h265", "opus", "hevc", "opus"},
                                           Pairing{"mp4+aac", "mpeg4", "aac", "mpeg4", "aac"},
                                           Pairing{"mp4+mp3", "mpeg4", "mp3", "mpeg4", "mp3"},
                                           Pairing{"flv+mp4+aac", "", "aac", "", "aac"},
                                           Pairing{"flv+mp4+mp3", "", "mp3", "", "mp3"},
                                           Pairing{"mp4", "", "opus", "", "opus"}));

TEST(RecSinkFormat, SaysWhatCannotBeHeldWhichFormatCanAndWhatWouldHelp) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.send({{"video", video(video_of("mpeg4"))}, {"audio_0", audio(audio_of("opus"))}});
  const std::string warnings = warnings_in(finish_recording(publisher));
  EXPECT_NE(warnings.find("flv cannot hold this video: mpeg4, which mp4"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("flv cannot hold this audio: opus, which mp4"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("eflvmux of GStreamer 1.28"), std::string::npos) << warnings;
  EXPECT_EQ(dir.files(), std::vector<std::string>{"cam.mp4"});
  EXPECT_EQ(ledger(publisher, "flv", "stored"), 0u);
  EXPECT_EQ(ledger(publisher, "flv", "dropped-not-supported"), ledger(publisher, "flv", "ingested"));
}

// flvmux of 1.22 to 1.28 takes MP3 of 5.5 to 44.1 kHz: a table of FLV itself.
TEST(RecSinkFormat, RecordsVideoAloneWhereAudioCannotBeHeld) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4+mp3 location=" + (dir / "cam"));
  const Media &a = audio(audio_of("mp3", 48000));
  publisher.send({{"video", video(video_of("h264"))}, {"audio_0", a}});
  const std::string warnings = warnings_in(finish_recording(publisher));
  EXPECT_NE(warnings.find("flv cannot hold this audio: mp3, which mp4, mp3"), std::string::npos) << warnings;
  EXPECT_EQ(hashes_stored({dir / "cam.flv"}, "video"), hashes_sent({video(video_of("h264"))}));
  EXPECT_EQ(hashes_stored({dir / "cam.mp4"}, "audio"), hashes_sent({a}));
  EXPECT_EQ(hashes_stored({dir / "cam.mp3"}, "audio"), hashes_sent({a}));
  EXPECT_EQ(ledger(publisher, "flv", "dropped-not-supported"), a.units.size());
}

TEST(RecSinkFormat, HoldsSeveralAudioTracksWhereTheContainerDoes) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam"));
  AudioSpec stereo = audio_of("aac");
  stereo.channels = 2;
  const Media &first = audio(audio_of("aac"));
  const Media &second = audio(stereo);
  publisher.send({{"video", video(video_of("h264"))},
                  {"audio_0", first},
                  {"audio_1", second},
                  {"audio_2", audio(audio_of("opus"))}});
  const auto messages = finish_recording(publisher);
  EXPECT_EQ(decoded(dir / "cam.mp4")["audio"].codec, "aac+aac+opus");
  EXPECT_EQ(decoded(dir / "cam.mp4")["audio"].frames,
            first.units.size() + second.units.size() + audio(audio_of("opus")).units.size());
  for (const std::string format : {"flv", "aac"}) {
    EXPECT_EQ(decoded(dir / ("cam." + format))["audio"].packets, first.units.size()) << format;
    EXPECT_NE(warnings_in(messages).find(format + " holds one audio track"), std::string::npos);
    EXPECT_EQ(ledger(publisher, format, "dropped-not-supported"),
              second.units.size() + audio(audio_of("opus")).units.size());
  }
  EXPECT_EQ(hashes_stored({dir / "cam.flv"}, "audio"), hashes_sent({first}));
}

TEST(RecSinkFormat, GivesTheOnePlaceToTheFirstTrackThatItCanHold) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "cam"));
  const Media &a = audio(audio_of("aac"));
  publisher.send({{"video", video(video_of("h264"))}, {"audio_0", audio(audio_of("opus"))}, {"audio_1", a}});
  finish_recording(publisher);
  EXPECT_EQ(hashes_stored({dir / "cam.flv"}, "audio"), hashes_sent({a}));
}

TEST(RecSinkFormat, GivesTheOnePlaceToTheNextTrackWhenTheFirstEnds) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "cam-%03d"));
  VideoSpec spec = video_of("h264");
  spec.frames = 150;
  AudioSpec longer = audio_of("aac");
  longer.frames = 260;
  AudioSpec stereo = longer;
  stereo.channels = 2;
  const Media &v = video(spec);
  const Media &a = audio(longer);
  const Media &b = audio(stereo);
  const auto part = [](const Media &media, int from, int to) {
    return media.part(seconds(from), seconds(to), seconds(from));
  };
  publisher.send({{"video", part(v, 0, 2)}, {"audio_0", part(a, 0, 2)}, {"audio_1", part(b, 0, 2)}});
  publisher.end("audio_0");
  publisher.send({{"video", part(v, 2, 6)}, {"audio_1", part(b, 2, 6)}});
  const auto messages = finish_recording(publisher);
  const auto files = files_of(messages, "flv");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(hashes_stored(files, "video"), hashes_sent({v}));
  const Hashes audio_stored = hashes_stored(files, "audio");
  // Nothing tells the end of a track from the end of a push: for two seconds the place is kept.
  Hashes sent = hashes_sent({part(a, 0, 2)});
  ASSERT_GT(audio_stored.size(), sent.size());
  EXPECT_EQ(Hashes(audio_stored.begin(), audio_stored.begin() + static_cast<std::ptrdiff_t>(sent.size())),
            sent);
  const std::size_t rest = audio_stored.size() - sent.size();
  EXPECT_NEAR(static_cast<double>(rest), 2 * 44100 / 1024, 3);
  EXPECT_EQ(ledger(publisher, "flv", "stored") + ledger(publisher, "flv", "dropped-not-supported"),
            ledger(publisher, "flv", "ingested"));
}

// A tag of a file as ffprobe reads it.
std::string tag_of(const std::string &file, const std::string &name) {
  const std::string text = run_command({"ffprobe", "-v", "error", "-show_entries", "format_tags=" + name,
                                        "-of", "default=noprint_wrappers=1:nokey=1", file})
                               .out;
  return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

void send_tags(Publisher &publisher, const std::string &title, const std::string &artist) {
  GstTagList *tags = gst_tag_list_new(GST_TAG_TITLE, title.c_str(), GST_TAG_ARTIST, artist.c_str(), nullptr);
  gst_tag_list_set_scope(tags, GST_TAG_SCOPE_GLOBAL);
  publisher.event("video", gst_event_new_tag(tags));
}

TEST(RecSinkFormat, WritesTheStreamsTagsIntoEveryFile) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=1000000000 location=" + (dir / "cam-%03d"));
  publisher.connect("video");
  publisher.begin("video", video(video_of("h264")).caps);
  send_tags(publisher, "A harbour; \"quoted\", two\nlines, \u00e9", "Somebody");
  publisher.send({{"video", video(video_of("h264"))}});
  send_tags(publisher, "Another title", "Somebody else");
  publisher.send({{"video", video(video_of("h264")).moved(seconds(3))}});
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    const std::string artist = format == "flv" ? "creator" : "artist";  // flvmux calls it so
    ASSERT_EQ(files.size(), 6u);
    for (const std::size_t i : {0, 1, 5}) {
      EXPECT_EQ(tag_of(files[i], "title"),
                i < 3 ? "A harbour; \"quoted\", two\nlines, \u00e9" : "Another title")
          << files[i];
      EXPECT_EQ(tag_of(files[i], artist), i < 3 ? "Somebody" : "Somebody else") << files[i];
    }
  }
}

TEST(RecSinkFormat, IsNotDamagedByHostileTags) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  const Media &v = video(video_of("h264"));
  publisher.connect("video");
  publisher.begin("video", v.caps);
  send_tags(publisher, std::string(70000, 'x'), "gstfiller dOps \x02 moov/../..%s%n");
  GstTagList *large = gst_tag_list_new_empty();
  for (int i = 0; i < 200; ++i)
    gst_tag_list_add(large, GST_TAG_MERGE_APPEND, GST_TAG_COMMENT, std::string(1000, 'c').c_str(), nullptr);
  publisher.event("video", gst_event_new_tag(large));
  publisher.send({{"video", v}});
  finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const std::string file = dir / ("cam." + format);
    EXPECT_EQ(hashes_stored({file}, "video"), hashes_sent({v}));
    EXPECT_EQ(playback_complaints(file), "");
    EXPECT_EQ(tag_of(file, format == "flv" ? "creator" : "artist"), "gstfiller dOps \x02 moov/../..%s%n");
  }
  EXPECT_EQ(tag_of(dir / "cam.flv", "title"), "");
  EXPECT_EQ(tag_of(dir / "cam.mp4", "title").size(), 70000u);
}

TEST(Containers, AreWrittenByTheFirstMuxerThatIsInstalledAndTakesTheTracks) {
  Container container = container_of(Format::mp4);
  container.muxers = {"muxerthatnobodyhas name=mux", "mp4mux name=mux"};
  const Media &h265 = video(video_of("h265"));
  EXPECT_STREQ(muxer_for(container, {{MediaKind::video, h265.caps}}), "mp4mux name=mux");
  container.muxers = {"flvmux name=mux", "mp4mux name=mux"};  // flvmux has no pad video_%u
  EXPECT_STREQ(muxer_for(container, {{MediaKind::video, h265.caps}}), "mp4mux name=mux");
  container.muxers = {"muxerthatnobodyhas name=mux"};
  EXPECT_EQ(muxer_for(container, {{MediaKind::video, h265.caps}}), nullptr);
}

}  // namespace
}  // namespace rec::test
