// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV and MP4 over interruptions: one file comes out, and it is announced once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/service/catalogue.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

class RuleBinSplice : public ::testing::Test {
 protected:
  void configure(const std::string &formats) {
    write_file(dir_.path() / "recording.json",
               R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t": {"name":
  "{StreamName}/{EscapedStartTime}-{StartMillisecond}_{EscapedEndTime}-{EndMillisecond}",
  "storage": {"primary": "s"}, "callbacks": ["ops"], "formats": )" +
                   formats + R"(}},
  "storage": {"s": {"uri": "file:///nowhere"}}, "callbacks": {"ops": {"url": "http://127.0.0.1:1/"}}})");
  }
  std::string line() const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") +
           " uri=rtmp://d/live/cam1";
  }
  Catalogue catalogue() {
    auto opened = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::vector<Recording> recordings() { return *catalogue().recordings(10); }
  std::vector<StoredFile> files(Format format) {
    std::vector<StoredFile> list;
    for (const Recording &recording : recordings()) {
      const auto all = catalogue().files(recording.id);
      for (const StoredFile &file : *all)
        if (file.format == format) list.push_back(file);
    }
    return list;
  }
  // The media of that time as the next push; its timestamps begin at zero again.
  static Media pictures(int from, int to) { return video().part(Seconds(from), Seconds(to), Nanoseconds(0)); }
  static Media sounds(int from, int to) { return audio().part(Seconds(from), Seconds(to), Nanoseconds(0)); }
  static void push(Publisher &publisher, int from, int to) {
    publisher.send({{"video", pictures(from, to)}, {"audio_0", sounds(from, to)}});
    publisher.end_all();
  }
  static bool wait_for_pause(Publisher &publisher) {
    return static_cast<bool>(wait_for_element_message(publisher.pipeline(), "rulebin-recording-paused"));
  }
  static bool wait_for_end(Publisher &publisher) {
    g_signal_emit_by_name(publisher.element(), "cancel-delay");
    return static_cast<bool>(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  // One file of that format holds exactly this, plays, and is the only one.
  void expect_one_file(Format format, const std::vector<Media> &video_sent,
                       const std::vector<Media> &audio_sent) {
    const auto stored = files(format);
    ASSERT_EQ(stored.size(), 1U) << name_of(format);
    const ClosedFile &facts = stored[0].facts;
    EXPECT_EQ(stored[0].state, FileState::closed) << stored[0].error;
    EXPECT_EQ(playback_complaints(facts.path), "");
    EXPECT_EQ(hashes_stored({facts.path}, "video"), hashes_sent(video_sent));
    EXPECT_EQ(hashes_stored({facts.path}, "audio"), hashes_sent(audio_sent));
    EXPECT_EQ(facts.video_frames, hashes_sent(video_sent).size());
    EXPECT_EQ(facts.audio_frames, hashes_sent(audio_sent).size());
    EXPECT_EQ(facts.size_bytes, std::filesystem::file_size(facts.path));
    EXPECT_EQ(facts.video_codec, "h264");
    EXPECT_EQ(facts.width, 160U);
  }
  std::size_t files_on_disk() const {
    std::size_t count = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(dir_ / "spool/cam1"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(RuleBinSplice, OneFileOfEachFormatComesOutOfThreePushes) {
  configure(R"({"flv": {"splice-timeout": "1min"}, "mp4": {"splice-timeout": "1min"}})");
  Publisher publisher(line());
  for (int from = 0; from < 6; from += 2) {
    push(publisher, from, from + 2);
    ASSERT_TRUE(wait_for_pause(publisher));
    EXPECT_EQ(recordings().at(0).state, RecordingState::paused);
    EXPECT_EQ(catalogue().owed()->uploads, 0U) << "it may go on";
  }
  ASSERT_TRUE(wait_for_end(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
  for (const Format format : {Format::flv, Format::mp4})
    expect_one_file(format, {pictures(0, 2), pictures(2, 4), pictures(4, 6)},
                    {sounds(0, 2), sounds(2, 4), sounds(4, 6)});
  EXPECT_EQ(files_on_disk(), 2U) << "the parts are gone";
  EXPECT_EQ(catalogue().owed()->uploads, 2U);
  EXPECT_EQ(catalogue().owed()->callbacks, 2U);
}

TEST_F(RuleBinSplice, TheToolSaysWhatIsToBeJoined) {
  configure(R"({"flv": {"splice-timeout": "1min"}})");
  const auto list = [&] {
    return run_command({std::getenv("REC_TEST_TOOL"), "list", "--catalogue", dir_ / "spool/catalogue.db"})
        .out;
  };
  Publisher publisher(line());
  push(publisher, 0, 2);
  ASSERT_TRUE(wait_for_pause(publisher));
  EXPECT_NE(list().find("flv closed, to be joined: 2."), std::string::npos) << list();
  ASSERT_TRUE(wait_for_end(publisher));
  EXPECT_NE(list().find("flv closed 2."), std::string::npos) << list();
}

TEST_F(RuleBinSplice, AFileThatNothingContinuedIsAnnouncedAsItIs) {
  configure(R"({"flv": {"splice-timeout": "1s"}})");
  Publisher publisher(line());
  push(publisher, 0, 2);
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS)) << "when its time is over";
  expect_one_file(Format::flv, {pictures(0, 2)}, {sounds(0, 2)});
  EXPECT_EQ(catalogue().owed()->uploads, 1U);
}

TEST_F(RuleBinSplice, OnlyWhatAnInterruptionEndedIsContinued) {
  configure(R"({"flv": {"cycle": "1s", "splice-timeout": "1min"}})");
  Publisher publisher(line());
  push(publisher, 0, 3);
  ASSERT_TRUE(wait_for_pause(publisher));
  push(publisher, 3, 6);
  ASSERT_TRUE(wait_for_pause(publisher));
  ASSERT_TRUE(wait_for_end(publisher));
  std::vector<std::uint64_t> frames;
  for (const StoredFile &file : files(Format::flv)) frames.push_back(file.facts.video_frames);
  EXPECT_EQ(std::count(frames.begin(), frames.end(), 50), 1) << "the third and the fourth";
  EXPECT_EQ(std::count(frames.begin(), frames.end(), 25), 4);
  EXPECT_EQ(catalogue().owed()->uploads, 5U);
  EXPECT_EQ(catalogue().owed()->callbacks, 5U);
}

TEST_F(RuleBinSplice, GoesWithHls) {
  configure(R"({"mp4": {"splice-timeout": "1min"}, "hls": {"segment": "2s", "splice-timeout": "1min"}})");
  Publisher publisher(line());
  for (int from = 0; from < 6; from += 3) {
    push(publisher, from, from + 3);
    ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  }
  ASSERT_TRUE(wait_for_end(publisher));
  expect_one_file(Format::mp4, {pictures(0, 3), pictures(3, 6)}, {sounds(0, 3), sounds(3, 6)});
  EXPECT_EQ(files(Format::hls).size(), 1U);
  EXPECT_EQ(catalogue().owed()->callbacks, 2U);
}

TEST_F(RuleBinSplice, AnotherPipelineContinuesTheFilesOfOneThatWasStopped) {
  configure(R"({"flv": {"splice-timeout": "1min"}, "mp4": {"splice-timeout": "1min"}})");
  {
    Publisher publisher(line());  // stopped in the middle, without EOS
    publisher.send({{"video", pictures(0, 2)}, {"audio_0", sounds(0, 2)}});
  }
  {
    Publisher publisher(line());  // stopped while it waits
    push(publisher, 2, 4);
    ASSERT_TRUE(wait_for_pause(publisher));
  }
  Publisher publisher(line());
  push(publisher, 4, 6);
  ASSERT_TRUE(wait_for_pause(publisher));
  ASSERT_TRUE(wait_for_end(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  for (const Format format : {Format::flv, Format::mp4})
    expect_one_file(format, {pictures(0, 2), pictures(2, 4), pictures(4, 6)},
                    {sounds(0, 2), sounds(2, 4), sounds(4, 6)});
}

TEST_F(RuleBinSplice, WhatDoesNotFitTogetherStaysApart) {
  configure(R"({"flv": {"splice-timeout": "1min"}, "mp4": {"splice-timeout": "1min"}})");
  VideoSpec larger;
  larger.width = 320;
  larger.height = 240;
  Publisher publisher(line());
  push(publisher, 0, 2);
  ASSERT_TRUE(wait_for_pause(publisher));
  for (int i = 0; i < 2; ++i) {
    publisher.caps("video", video(larger).caps);
    publisher.send({{"video", video(larger)}, {"audio_0", audio()}});
    publisher.end_all();
    ASSERT_TRUE(wait_for_pause(publisher));
  }
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  const auto told = wait_for_element_message(publisher.pipeline(), "rulebin-files-not-joined");
  ASSERT_TRUE(told);
  EXPECT_NE(string_field(gst_message_get_structure(told.get()), "reason").find("does not continue"),
            std::string::npos);
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  for (const Format format : {Format::flv, Format::mp4}) {
    auto stored = files(format);
    ASSERT_EQ(stored.size(), 2U) << name_of(format);
    std::sort(stored.begin(), stored.end(),
              [](const auto &a, const auto &b) { return a.facts.width < b.facts.width; });
    EXPECT_EQ(stored[0].facts.video_frames, 50U);
    EXPECT_EQ(stored[1].facts.video_frames, 300U) << "two that fit";
  }
  EXPECT_EQ(catalogue().owed()->callbacks, 4U);
}

}  // namespace
}  // namespace rec::test
