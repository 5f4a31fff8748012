// SPDX-License-Identifier: LGPL-2.1-or-later
// When recsink records: start, stop, restart, pre-roll, deadlines.
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using namespace std::chrono_literals;

// 25 frames a second, a keyframe every second.
const Media &twenty_seconds() {
  VideoSpec spec;
  spec.frames = 500;
  return video(spec);
}
const Media &sound() {
  AudioSpec spec;
  spec.frames = 938;
  return audio(spec);
}

// Media of both tracks between two times, where they belong.
std::map<std::string, Media> stretch(Nanoseconds from, Nanoseconds to) {
  std::map<std::string, Media> all{{"video", twenty_seconds()}, {"audio_0", sound()}};
  for (auto &[pad, media] : all)
    std::erase_if(media.units, [&](const MediaUnit &u) { return u.dts < from || u.dts >= to; });
  return all;
}

void act(Publisher &publisher, const char *signal) { g_signal_emit_by_name(publisher.element(), signal); }

// The counters of one format, which must add up.
std::map<std::string, guint64> ledger(Publisher &publisher, const std::string &format) {
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *frames = nullptr;
  EXPECT_TRUE(gst_structure_get(stats.get(), format.c_str(), GST_TYPE_STRUCTURE, &frames, nullptr));
  const StructurePtr owned(frames);
  std::map<std::string, guint64> counters;
  guint64 sum = 0;
  for (int i = 0; owned && i < gst_structure_n_fields(owned.get()); ++i) {
    const char *name = gst_structure_nth_field_name(owned.get(), static_cast<guint>(i));
    counters[name] = uint64_field(owned.get(), name);
    if (name != std::string("ingested")) sum += counters[name];
  }
  EXPECT_EQ(counters["ingested"], sum);
  return counters;
}

std::size_t frames_in(const std::vector<std::string> &files) { return hashes_stored(files, "video").size(); }

TEST(RecSinkControl, RecordsNothingBeforeStart) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv auto-start=false location=" + (dir / "%02d"));
  publisher.send(stretch(0s, 5s));
  EXPECT_TRUE(dir.files().empty());
  act(publisher, "start");
  publisher.send(stretch(5s, 8s));
  const auto messages = finish_recording(publisher);
  const auto files = files_of(messages, "flv");
  ASSERT_EQ(files.size(), 1u);
  // A quarter of a second waits to be put in order: it comes after the signal.
  EXPECT_EQ(frames_in(files), 75u);
  EXPECT_EQ(structures_named(messages, "recsink-started").size(), 1u);
  const auto counters = ledger(publisher, "flv");
  EXPECT_EQ(counters.at("pending"), 0u);
  EXPECT_GT(counters.at("dropped-not-recording"), 300u);
}

TEST(RecSinkControl, BeginsInThePastAtTheKeyframeBeforeThePreRoll) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 auto-start=false pre-roll=3500000000 location=" +
                      (dir / "%02d"));
  publisher.send(stretch(0s, 10s));
  act(publisher, "start");
  publisher.send(stretch(10s, 12s));
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    ASSERT_EQ(files.size(), 1u) << format;
    // 3.5 s before 9.75 s (what was in order when start came) is 6.25 s, the keyframe before it at 6 s.
    EXPECT_EQ(hashes_stored(files, "video"), hashes_sent({stretch(6s, 12s)["video"]})) << format;
    EXPECT_TRUE(packets_of(files[0])["video"].at(0).keyframe);
    EXPECT_EQ(playback_complaints(files[0]), "");
  }
  const auto counters = ledger(publisher, "flv");
  EXPECT_EQ(
      counters.at("stored") + counters.at("dropped-not-recording") + counters.at("dropped-before-keyframe"),
      counters.at("ingested"));
}

TEST(RecSinkControl, HoldsNoMoreThanThePreRollInMemory) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv auto-start=false pre-roll=2000000000 location=" + (dir / "%02d"));
  publisher.send(stretch(0s, 20s));
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  EXPECT_GE(uint64_field(stats.get(), "pre-roll-frames"), 2u * (25 + 46));
  EXPECT_LE(uint64_field(stats.get(), "pre-roll-frames"), 3u * (25 + 47));
  gboolean recording = TRUE;
  EXPECT_TRUE(gst_structure_get_boolean(stats.get(), "recording", &recording));
  EXPECT_FALSE(recording);
  finish_recording(publisher);
  EXPECT_TRUE(dir.files().empty());
}

TEST(RecSinkControl, StopCompletesTheFilesAndStartBeginsNewOnes) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "%02d"));
  publisher.send(stretch(0s, 4s));
  act(publisher, "stop");
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "recsink-stopped"));
  publisher.send(stretch(4s, 9s));
  act(publisher, "start");
  publisher.send(stretch(9s, 12s));
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    EXPECT_EQ(frames_in({dir / ("00." + format)}), 100u) << "everything that had come before stop";
    EXPECT_EQ(frames_in({dir / ("01." + format)}), 75u);
    EXPECT_EQ(playback_complaints(dir / ("00." + format)), "");
  }
  const auto counters = ledger(publisher, "mp4");
  EXPECT_EQ(counters.at("pending"), 0u);
}

TEST(RecSinkControl, RestartLosesNothingAndNumbersFromTheBeginning) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv cycle=2000000000 start-index=7 location=" + (dir / "{Sequence}"));
  publisher.send(stretch(0s, 5s));
  act(publisher, "restart");
  for (int file = 0; file < 2; ++file)  // or a new one might be the first to take a name
    ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "recsink-file-closed"));
  publisher.send(stretch(5s, 8s));
  finish_recording(publisher);
  // 7: 0-2 s, 8: 2-4 s, 9: 4-5 s, then 7 again: 5-7 s, 8: 7-8 s. A name that is taken gets a number.
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"7-1.flv", "7.flv", "8-1.flv", "8.flv", "9.flv"}));
  EXPECT_EQ(
      hashes_stored({dir / "7.flv", dir / "8.flv", dir / "9.flv", dir / "7-1.flv", dir / "8-1.flv"}, "video"),
      hashes_sent({stretch(0s, 8s)["video"]}));
}

TEST(RecSinkControl, DropsFilesShorterThanMinDurationAndSaysSo) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 cycle=2000000000 min-duration=1500000000 location=" +
                      (dir / "%02d"));
  publisher.send(stretch(0s, 5s));  // 2 s, 2 s, 1 s
  const auto messages = finish_recording(publisher);
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"00.flv", "00.mp4", "01.flv", "01.mp4"}));
  EXPECT_EQ(structures_named(messages, "recsink-file-dropped").size(), 2u);
  const auto counters = ledger(publisher, "flv");
  EXPECT_GE(counters.at("dropped-too-short"), 25u + 46u);
  EXPECT_EQ(counters.at("stored") + counters.at("dropped-too-short"), counters.at("ingested"));
}

gint64 now_us() { return g_get_real_time(); }

TEST(RecSinkControl, StopsWithTheFirstFrameAtTheEndTime) {
  const TempDir dir;
  // Media count from the first frame's wall clock, so what is sent at once lies ahead of it.
  Publisher publisher("recsink formats=flv end-time=" + std::to_string(now_us() + 8000000) +
                      " location=" + (dir / "%02d"));
  publisher.send(stretch(0s, 20s));
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "recsink-stopped"));
  finish_recording(publisher);
  const auto frames = frames_in({dir / "00.flv"});
  EXPECT_GT(frames, 100u);
  EXPECT_LE(frames, 200u);
}

TEST(RecSinkControl, StopsAtTheEndTimeAlsoWhenNothingComesAnyMore) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv end-time=" + std::to_string(now_us() + 1500000) +
                      " location=" + (dir / "%02d"));
  publisher.send(stretch(0s, 1s));  // and then the publisher is silent
  const auto message = wait_for_element_message(publisher.pipeline(), "recsink-stopped");
  ASSERT_TRUE(message);
  EXPECT_EQ(string_field(gst_message_get_structure(message.get()), "reason"), "end-time");
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "recsink-file-closed"));
  EXPECT_EQ(frames_in({dir / "00.flv"}), 25u);
}

TEST(RecSinkControl, IgnoresActionsWhileItIsNotPaused) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv location=" + (dir / "%02d"));
  gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
  for (const char *signal : {"start", "stop", "restart", "split-now"}) act(publisher, signal);
  gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
  publisher.send(stretch(0s, 3s));
  EXPECT_EQ(files_of(finish_recording(publisher), "flv").size(), 1u);
}

}  // namespace
}  // namespace rec::test
