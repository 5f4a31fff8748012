// SPDX-License-Identifier: LGPL-2.1-or-later
// recsink, fed from one thread without queues, and its files read back with ffprobe.
#include <gtest/gtest.h>

#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// 40 s with a keyframe every second: 20 cuts of 2 s.
VideoSpec long_video(unsigned bframes = 0) {
  VideoSpec spec;
  spec.frames = 1000 + 25;
  spec.bframes = bframes;
  return spec;
}
AudioSpec long_audio() {
  AudioSpec spec;
  spec.frames = 1922;
  return spec;
}

std::uintmax_t file_size(const std::string &path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : size;
}

// Publishes the media, ends it and waits for recsink's EOS. Returns its element messages.
std::vector<Ref<GstMessage>> finish(Publisher &publisher) {
  publisher.end_all();
  std::vector<Ref<GstMessage>> messages;
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  const auto types = static_cast<GstMessageType>(GST_MESSAGE_ANY);
  for (;;) {
    auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, types));
    if (!message) {
      ADD_FAILURE() << "no EOS";
      return messages;
    }
    const GstMessageType type = GST_MESSAGE_TYPE(message.get());
    EXPECT_NE(type, GST_MESSAGE_ERROR) << gst_structure_to_string(gst_message_get_structure(message.get()));
    if (type == GST_MESSAGE_EOS) return messages;
    messages.push_back(std::move(message));
  }
}

std::vector<std::string> closed_files(const std::vector<Ref<GstMessage>> &messages,
                                      const std::string &format) {
  std::map<guint, std::string> by_id;
  for (const GstStructure *s : structures_named(messages, "recsink-file-closed"))
    if (string_field(s, "format") == format)
      by_id[uint_field(s, "fragment-id")] = string_field(s, "location");
  std::vector<std::string> files;
  for (const auto &[id, path] : by_id) files.push_back(path);
  return files;
}

// Of every frame in the files, in order. FLV and MP4 store the same bytes, ADTS adds its headers.
std::vector<std::string> hashes(const std::vector<std::string> &files, const std::string &kind) {
  std::vector<std::string> all;
  for (const std::string &file : files) {
    const Packets packets = packets_of(file);
    EXPECT_TRUE(packets.count(kind)) << "no " << kind << " in " << file << " of " << file_size(file)
                                     << " bytes";
    if (packets.count(kind))
      for (const Packet &packet : packets.at(kind)) all.push_back(packet.hash);
  }
  return all;
}
std::vector<std::string> adts_hashes(const std::vector<std::string> &files) {
  std::vector<std::string> all;
  for (const std::string &file : files)
    for (const Essence &frame : essence_of(file, "audio")) all.push_back(frame.hash);
  return all;
}

// What was published, through the same instruments: one file written by a stock muxer.
std::string reference_file(const TempDir &dir, const Media &v, const Media &a) {
  Publisher reference("recsink formats=mp4 location=" + (dir / "reference"));
  reference.send({{"video", v}, {"audio_0", a}});
  const auto files = closed_files(finish(reference), "mp4");
  EXPECT_EQ(files.size(), 1u);
  return files.empty() ? "" : files.front();
}

class RecSinkCuts : public ::testing::TestWithParam<unsigned> {};  // B-frames

TEST_P(RecSinkCuts, StoreEveryFrameOnceInEveryFormatOverTwentyCuts) {
  const TempDir dir;
  const Media &v = video(long_video(GetParam()));
  const Media &a = audio(long_audio());
  Publisher publisher("recsink formats=flv+mp4+aac cycle=2000000000 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", v}, {"audio_0", a}});
  const auto messages = finish(publisher);

  const std::string reference = reference_file(dir, v, a);
  const auto video_sent = hashes({reference}, "video");
  const auto audio_sent = hashes({reference}, "audio");
  ASSERT_EQ(video_sent.size(), v.units.size());
  ASSERT_EQ(audio_sent.size(), a.units.size());
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = closed_files(messages, format);
    EXPECT_EQ(files.size(), 21u) << format;
    EXPECT_EQ(hashes(files, "video"), video_sent) << format;
    EXPECT_EQ(hashes(files, "audio"), audio_sent) << format;
    for (const std::string &file : files) EXPECT_EQ(playback_complaints(file), "") << file;
  }
  const auto aac = closed_files(messages, "aac");
  EXPECT_GE(aac.size(), 20u);
  EXPECT_EQ(adts_hashes(aac), adts_hashes({reference}));
}

TEST_P(RecSinkCuts, KeepAudioAndVideoWithinOneAudioFrameOfTheirDistance) {
  const TempDir dir;
  const Media &v = video(long_video(GetParam()));
  const Media a = audio(long_audio()).moved(milliseconds(300));
  Publisher publisher("recsink formats=flv+mp4 cycle=2000000000 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", v}, {"audio_0", a}});
  const auto messages = finish(publisher);

  const std::size_t frames_per_file = 50;
  for (const std::string format : {"flv", "mp4"}) {
    std::size_t audio_before = 0;
    std::size_t video_before = 0;
    std::map<std::string, const GstStructure *> told;
    for (const GstStructure *s : structures_named(messages, "recsink-file-closed"))
      told[string_field(s, "location")] = s;
    for (const std::string &file : closed_files(messages, format)) {
      auto packets = packets_of(file);
      const auto &videos = packets["video"];
      const auto &audios = packets["audio"];
      ASSERT_FALSE(videos.empty());
      if (!audios.empty()) {
        const auto sent = a.units.at(audio_before).pts - v.units.at(video_before).pts;
        const auto stored = *audios.front().pts - *videos.front().pts;
        EXPECT_LT(std::abs((stored - duration_cast<microseconds>(sent)).count()), 21334) << file;
        const auto offset = duration_cast<microseconds>(
            std::chrono::nanoseconds(int64_field(told[file], "audio-start-offset")));
        EXPECT_LT(std::abs((stored - offset).count()), 1001) << file;  // FLV counts milliseconds
      }
      EXPECT_EQ(uint64_field(told[file], "keyframes"), videos.size() > 25 ? 2u : 1u) << file;
      EXPECT_EQ(uint64_field(told[file], "longest-gop"), GST_SECOND) << file;
      audio_before += audios.size();
      video_before += videos.size();
    }
    EXPECT_GT(video_before, frames_per_file);
  }
}

INSTANTIATE_TEST_SUITE_P(BFrames, RecSinkCuts, ::testing::Values(0u, 2u));

TEST(RecSink, BeginsEveryFileWithAKeyframe) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=1500000000 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const auto messages = finish(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = closed_files(messages, format);
    EXPECT_EQ(files.size(), 3u);  // cut at the first keyframe at or after 1.5 s: at 2 s and at 4 s
    for (const std::string &file : files) EXPECT_TRUE(packets_of(file)["video"].at(0).keyframe) << file;
  }
}

TEST(RecSink, TakesAudioAgainThatComesBackAfterASilence) {
  const TempDir dir;
  const Media &a = audio(long_audio());
  Media holed = a;
  std::erase_if(holed.units, [](const MediaUnit &u) { return u.pts >= seconds(5) && u.pts < seconds(15); });
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", video(long_video())}, {"audio_0", holed}});
  const auto messages = finish(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = closed_files(messages, format);
    EXPECT_EQ(hashes(files, "video").size(), video(long_video()).units.size()) << format;
    EXPECT_EQ(hashes(files, "audio").size(), holed.units.size()) << format;
    for (const std::string &file : files) EXPECT_EQ(playback_complaints(file), "") << file;
  }
}

TEST(RecSink, CompletesItsFilesWhenThePipelineStopsWithoutEos) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"cam.aac", "cam.flv", "cam.mp4"}));
  EXPECT_EQ(packets_of(dir / "cam.mp4")["video"].size(), 150u);
  EXPECT_EQ(packets_of(dir / "cam.flv")["video"].size(), 150u);
  EXPECT_EQ(packets_of(dir / "cam.aac")["audio"].size(), audio().units.size());
}

TEST(RecSink, BeginsAFileAtTheNextKeyframeWhenTimestampsStartAgain) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam-%03d"));
  const auto hour = seconds(3600);
  publisher.send({{"video", video().moved(hour)}, {"audio_0", audio().moved(hour)}});
  publisher.send({{"video", video()}, {"audio_0", audio()}});  // the publisher's clock is back at 0
  const auto messages = finish(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = closed_files(messages, format);
    ASSERT_EQ(files.size(), 2u) << format;
    for (const std::string &file : files) {
      EXPECT_EQ(packets_of(file)["video"].size(), 150u) << file;
      EXPECT_EQ(playback_complaints(file), "");
      EXPECT_LT(duration_of(file), seconds(7));
    }
  }
}

TEST(RecSink, BeginsAFileWhenThePictureSizeChanges) {
  const TempDir dir;
  VideoSpec larger;
  larger.width = 320;
  larger.height = 240;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  publisher.send({{"video", video(larger).moved(seconds(6))}, {"audio_0", audio().moved(audio().end())}});
  const auto messages = finish(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = closed_files(messages, format);
    ASSERT_EQ(files.size(), 2u) << format;
    std::size_t audios = 0;
    for (const std::string &file : files) {
      auto packets = packets_of(file);
      EXPECT_EQ(packets["video"].size(), 150u) << file;
      audios += packets["audio"].size();
      EXPECT_EQ(playback_complaints(file), "");
    }
    EXPECT_EQ(audios, 2 * audio().units.size());
  }
}

TEST(RecSink, SaysThatFlvCannotHoldH265AndRecordsMp4) {
  if (has_element("eflvmux")) GTEST_SKIP() << "it can";
  const TempDir dir;
  VideoSpec h265;
  h265.codec = "h265";
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.send({{"video", video(h265)}, {"audio_0", audio()}});
  const auto messages = finish(publisher);
  bool warned = false;
  for (const auto &message : messages) {
    if (GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_WARNING) continue;
    ErrorOut e;
    gst_message_parse_warning(message.get(), e.out(), nullptr);
    warned = warned || std::string(e->message).find("flv cannot hold this video") != std::string::npos;
  }
  EXPECT_TRUE(warned);
  EXPECT_EQ(dir.files(), std::vector<std::string>{"cam.mp4"});
  EXPECT_EQ(packets_of(dir / "cam.mp4")["video"].size(), 150u);
}

TEST(RecSink, FlvHoldsH265WhereThereIsAMuxerForIt) {
  if (!has_element("eflvmux")) GTEST_SKIP() << "GStreamer 1.28 has one";
  const TempDir dir;
  VideoSpec h265;
  h265.codec = "h265";
  Publisher publisher("recsink formats=flv location=" + (dir / "cam"));
  publisher.send({{"video", video(h265)}, {"audio_0", audio()}});
  finish_recording(publisher);
  EXPECT_EQ(hashes_stored({dir / "cam.flv"}, "video"), hashes_sent({video(h265)}));
  for (const auto &[kind, stream] : decoded(dir / "cam.flv"))
    EXPECT_EQ(stream.frames, stream.packets) << kind;
}

// The last frames of a push are recorded when its video has ended, and waited for audio until then.
TEST(RecSink, VideoThatEndsBeforeItsFirstKeyframeBeginsNoFile) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "cam"));
  publisher.connect("audio_0");
  publisher.send({{"video", video().part(milliseconds(200), milliseconds(400), milliseconds(200))}});
  const auto messages = finish(publisher);
  EXPECT_TRUE(closed_files(messages, "flv").empty());
}

TEST(RecSink, AccountsForEveryFrame) {
  const TempDir dir;
  Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
  Media tail = video();
  tail.units.erase(tail.units.begin(), tail.units.begin() + 5);  // begins on a delta frame
  publisher.send({{"video", tail}});
  finish(publisher);
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *frames_raw = nullptr;
  ASSERT_TRUE(gst_structure_get(stats.get(), "mp4", GST_TYPE_STRUCTURE, &frames_raw, nullptr));
  const StructurePtr frames(frames_raw);
  EXPECT_EQ(uint64_field(frames.get(), "ingested"), 145u);
  EXPECT_EQ(uint64_field(frames.get(), "stored"), 125u);
  EXPECT_EQ(uint64_field(frames.get(), "dropped-before-keyframe"), 20u);
  EXPECT_EQ(uint64_field(stats.get(), "files-stored"), 1u);
}

}  // namespace
}  // namespace rec::test
