// SPDX-License-Identifier: LGPL-2.1-or-later
// What splitmuxsink, hlssink2 and the bare muxers of GStreamer 1.22 to 1.28 fail at, as recsink does it.
// Those of the list that have their test elsewhere:
//   - timestamps restart, step back by 0.5 s, jump by an hour; GAP-only audio; buffer lists: recsink_times
//     (splitmuxsink: fatal error; merged into one mis-timed file; a stretched sample; waits for ever;
//     dropped)
//   - H.264 to H.265, AAC sample rate in MP4: recsink_changes (not negotiated; deadlock)
//   - kill -9 in every format: recsink_kill, recsink_crash; disk full: recsink_disk; slow disk beside a
//   sibling:
//     recsink_siblings (MP4 without an index; fatal error; upstream blocked)
//   - a hole of 5 s in HLS: splicesink (hlssink2: counted as media, no discontinuity)
//   - no frame lost over many cuts: recsink_many_cuts
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <bit>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

VideoSpec long_video() {
  VideoSpec spec;
  spec.frames = 1025;
  return spec;
}

std::uintmax_t file_size(const std::string &path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : size;
}

TEST(RecSinkPeers, RecordsVideoAloneWhenAudioNeverArrives) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.connect("audio_0");  // a demuxer has announced it; nothing ever comes
  publisher.send({{"video", video()}});
  publisher.end("audio_0");
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(packets_of(files[0])["video"].size(), 150u) << format;
    EXPECT_EQ(playback_complaints(files[0]), "");
  }
}

TEST(RecSinkPeers, KeepsWritingVideoWhileADeadAudioTrackIsSilent) {
  const TempDir dir;
  const Media &v = video(long_video());
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.send({{"video", v}, {"audio_0", audio().part(seconds(0), seconds(3), seconds(0))}});
  // Nobody has ended anything: a live stream whose microphone died after 3 s. Of 41 s of video the last
  // pieces wait for the next write.
  for (const std::string file : {".cam.flv.part", ".cam.mp4.part"}) {
    const auto enough = [&] { return file_size(dir / file) > 100000; };
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!enough() && std::chrono::steady_clock::now() < deadline) g_thread_yield();
    EXPECT_TRUE(enough()) << file;
  }
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(packets_of(files[0])["video"].size(), v.units.size());
  }
}

TEST(RecSinkPeers, DamagesNoEarlierFileWhenItPlaysAgainAfterEos) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=2000000000 location=" + (dir / "cam"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const auto first = finish_recording(publisher);
  std::map<std::string, std::string> bytes;
  for (const std::string &name : dir.files()) bytes[name] = read_file(dir / name);
  ASSERT_EQ(bytes.size(), 6u);

  gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
  gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const auto second = finish_recording(publisher);
  for (const auto &[name, content] : bytes) EXPECT_EQ(read_file(dir / name), content) << name;
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(second, format);
    ASSERT_EQ(files.size(), 3u) << format;
    EXPECT_EQ(hashes_stored(files, "video"), hashes_stored(files_of(first, format), "video"));
  }
}

TEST(RecSinkPeers, LeavesNothingBehindWhenNoMediaCame) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam"));
  publisher.connect("video");
  publisher.connect("audio_0");
  publisher.begin("video", video().caps);
  publisher.begin("audio_0", audio().caps);
  finish_recording(publisher);
  EXPECT_TRUE(dir.files().empty());
}

TEST(RecSinkPeers, AnswersASentEosAtOnceAndCompletesItsFiles) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.connect("audio_0");
  publisher.send({{"video", video()}});
  const gint64 before = g_get_monotonic_time();
  EXPECT_TRUE(gst_element_send_event(publisher.element(), gst_event_new_eos()));
  EXPECT_LT(g_get_monotonic_time() - before, 100000);
  EXPECT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(packets_of(dir / "cam.mp4")["video"].size(), 150u);
}

// flvmux writes the running time of the last frame as duration, and indexes by it.
TEST(RecSinkPeers, WritesTheDurationOfEachFlvAndNotOfTheStream) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv cycle=2000000000 location=" + (dir / "%02d"));
  const auto late = std::chrono::hours(28);
  publisher.send({{"video", video().moved(late)}, {"audio_0", audio().moved(late)}});
  const auto files = files_of(finish_recording(publisher), "flv");
  ASSERT_EQ(files.size(), 3u);
  for (const std::string &file : files) {
    EXPECT_NEAR(std::chrono::duration<double>(duration_of(file)).count(), 2.0, 0.1);
    EXPECT_LT(*packets_of(file)["video"].at(0).pts, milliseconds(100));
  }
}

// flvmux indexes every buffer that has a PTS and is no delta frame: of audio all, which it keeps in memory.
TEST(RecSinkPeers, IndexesTheKeyframesOfAnFlvAndNotItsAudio) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "cam"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  finish_recording(publisher);
  const std::string file = read_file(dir / "cam.flv");
  const std::size_t array = file.find("filepositions") + std::string_view("filepositions").size() + 1;
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < bytes; ++i) v = v << 8 | static_cast<unsigned char>(file.at(at + i));
    return v;
  };
  const std::uint64_t count = number(array, 4);
  const auto &sent = video().units;
  EXPECT_EQ(count, static_cast<std::uint64_t>(
                       std::count_if(sent.begin(), sent.end(), [](const auto &u) { return u.keyframe; })));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto place = static_cast<std::size_t>(std::bit_cast<double>(number(array + 4 + 9 * i + 1, 8)));
    EXPECT_EQ(number(place, 1), 9u) << "a video tag";
    EXPECT_EQ(number(place + 11, 1), 0x17u) << "with a keyframe of H.264";
  }
}

// Bytes of the heap while a minute of media is recorded, between its bursts.
std::size_t least_heap(Publisher &publisher, int minute) {
  const auto block = std::chrono::duration_cast<seconds>(video().end()) + seconds(1);
  std::size_t least = SIZE_MAX;
  for (int i = 0; i < 10; ++i) {
    const auto at = (minute * 10 + i) * block;
    publisher.send({{"video", video().moved(at)}, {"audio_0", audio().moved(at)}});
    least = std::min(least, mallinfo2().uordblks);
  }
  return least;
}

// mp4mux, as gst-plugins-good documents it for crash-safe files, keeps 10 KB per second, flvmux 2 KB.
TEST(RecSinkPeers, KeepsNextToNoMemoryOfWhatIsWritten) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam"));
  least_heap(publisher, 0);
  const std::size_t before = least_heap(publisher, 1);
  std::size_t after = before;
  constexpr int kMinutes = 10;
  for (int minute = 2; minute < 2 + kMinutes; ++minute) after = least_heap(publisher, minute);
  EXPECT_LT(after, before + kMinutes * 60 * 256) << "256 bytes per second";
  finish_recording(publisher);
}

// flvdemux feeds both pads from one thread: mp4mux and splitmuxsink wait for the other pad for ever.
TEST(RecSinkPeers, TakesBothTracksOfADemuxerFromOneThreadWithoutQueues) {
  const TempDir dir;
  Publisher source("recsink formats=flv location=" + (dir / "source"));
  source.send({{"video", video()}, {"audio_0", audio()}});
  finish_recording(source);
  const auto pipeline =
      parse_pipeline("filesrc location=" + (dir / "source.flv") +
                     " ! flvdemux name=d recsink name=r formats=flv+mp4+aac location=" + (dir / "copy") +
                     " d.video ! r.video d.audio ! r.audio_0");
  ASSERT_TRUE(pipeline);
  run_to_eos(pipeline.get());
  for (const std::string name : {"copy.flv", "copy.mp4"}) {
    EXPECT_EQ(hashes_stored({dir / name}, "video"), hashes_sent({video()})) << name;
    EXPECT_EQ(hashes_stored({dir / name}, "audio"), hashes_sent({audio()})) << name;
    EXPECT_EQ(playback_complaints(dir / name), "");
  }
  EXPECT_EQ(packets_of(dir / "copy.aac")["audio"].size(), audio().units.size());
}

// mp4mux in its default fragment mode begins both tracks at 0.
TEST(RecSinkPeers, KeepsAudioAndVideoAsFarApartAsTheyWereSentInEveryContainer) {
  for (const milliseconds offset : {milliseconds(-80), milliseconds(0), milliseconds(500)}) {
    const TempDir dir;
    VideoSpec spec;
    spec.bframes = 2;
    const Media v = video(spec).moved(seconds(10));
    const Media a = audio().moved(v.units.at(0).pts + offset);
    Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
    publisher.send({{"video", v}, {"audio_0", a}});
    finish_recording(publisher);
    for (const std::string name : {"cam.flv", "cam.mp4"}) {
      Packets packets = packets_of(dir / name);
      const auto stored = *packets["audio"].at(0).pts - *packets["video"].at(0).pts;
      EXPECT_NEAR(std::chrono::duration<double>(stored).count(),
                  std::chrono::duration<double>(offset).count(), 0.0011)
          << name;
      EXPECT_EQ(packets["audio"].size(), a.units.size()) << name;
    }
  }
}

// A stalled splitmuxsink holds its streaming threads: neither an EOS nor a state change comes through.
TEST(RecSinkPeers, StopsAtOnceInEveryStateWhileATrackIsWaitedFor) {
  for (const GstState state : {GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL}) {
    const TempDir dir;
    Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
    publisher.connect("audio_0");
    publisher.send({{"video", video()}});
    const gint64 before = g_get_monotonic_time();
    EXPECT_NE(gst_element_set_state(publisher.pipeline(), state), GST_STATE_CHANGE_FAILURE);
    EXPECT_LT(g_get_monotonic_time() - before, 5 * G_USEC_PER_SEC);
    gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
    EXPECT_EQ(packets_of(dir / "cam.mp4")["video"].size(), 150u);
  }
}

// What comes after a sent EOS was not asked for; splitmuxsink opens a file for it that is never completed.
TEST(RecSinkPeers, CountsWhatComesAfterASentEos) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "cam"));
  publisher.send({{"video", video()}});
  EXPECT_TRUE(gst_element_send_event(publisher.element(), gst_event_new_eos()));
  EXPECT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  publisher.send({{"video", video().moved(seconds(6))}});
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *raw_intake = nullptr;
  ASSERT_TRUE(gst_structure_get(stats.get(), "intake", GST_TYPE_STRUCTURE, &raw_intake, nullptr));
  const StructurePtr intake(raw_intake);
  EXPECT_EQ(uint64_field(intake.get(), "received"), 300u);
  EXPECT_EQ(uint64_field(intake.get(), "dropped-after-end"), 150u);
  EXPECT_EQ(dir.files(), std::vector<std::string>{"cam.flv"});
}

}  // namespace
}  // namespace rec::test
