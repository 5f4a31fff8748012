// SPDX-License-Identifier: LGPL-2.1-or-later
// What a rulebin decides anew while it runs: pushes after a changed configuration, and pushes of which
// upstream says who they are.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/service/catalogue.h"
#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

class RuleBinRenewal : public ::testing::Test {
 protected:
  // Records everything of domain "d" by a template of this name.
  void configure(const std::string &name, const std::string &formats = R"({"flv": {}})") {
    write_file(dir_.path() / "next.json",
               R"({"rules": [{"domain": "d", "template": ")" + name + R"("}], "templates": {")" + name +
                   R"(": {"name": "{AppName}/{StreamName}-{Sequence}", "formats": )" + formats + "}}}");
    std::filesystem::rename(dir_ / "next.json", dir_ / "recording.json");
  }
  std::string line(const std::string &identity = "uri=rtmp://d/live/cam1") const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") + " " + identity;
  }
  static void send(Publisher &publisher) {
    publisher.send({{"video", video().part(milliseconds(0), milliseconds(4000), milliseconds(0))},
                    {"audio_0", audio().part(milliseconds(0), milliseconds(4000), milliseconds(0))}});
  }
  static void push(Publisher &publisher) {
    send(publisher);
    publisher.end_all();
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  // Template or stream, state and frames of every recording, oldest first.
  std::vector<std::string> recordings(bool streams = false) {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(catalogue) << catalogue.error().message;
    auto list = *catalogue->recordings(10);
    std::vector<std::string> texts;
    for (auto r = list.rbegin(); r != list.rend(); ++r) {
      std::uint64_t frames = 0;
      const auto files = *catalogue->files(r->id);
      for (const StoredFile &file : files) frames += file.facts.video_frames;
      texts.push_back(
          (streams ? r->push.domain + "/" + r->push.app + "/" + r->push.stream + "?" + r->push.stream_param
                   : r->template_name) +
          ": " + std::to_string(frames));
    }
    return texts;
  }
  static GstEvent *push_event(const char *first, const char *value) {
    return gst_event_new_custom(
        GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
        gst_structure_new("application/x-recording-push", first, G_TYPE_STRING, value, nullptr));
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(RuleBinRenewal, APushThatComesAfterAChangeIsRecordedByWhatIsInForceThen) {
  configure("first");
  Publisher publisher(line());
  push(publisher);
  push(publisher);
  configure("second");
  push(publisher);
  configure("off", "{}");
  push(publisher);
  write_file(dir_.path() / "recording.json", "{");
  push(publisher);
  configure("third");
  push(publisher);
  EXPECT_EQ(recordings(),
            (std::vector<std::string>{"first: 100", "first: 100", "second: 100", "third: 100"}));
  GstStructure *stats = nullptr;
  g_object_get(publisher.element(), "stats", &stats, nullptr);
  const StructurePtr owned(stats);
  EXPECT_EQ(uint64_field(stats, "pushes"), 6U) << "they are counted on";
  EXPECT_EQ(uint64_field(stats, "recordings-finished"), 4U);
}

TEST_F(RuleBinRenewal, APushThatRunsKeepsWhatItBeganWith) {
  configure("first");
  Publisher publisher(line());
  publisher.send({{"video", video().part(milliseconds(0), milliseconds(2000), milliseconds(0))}});
  configure("second");
  publisher.send({{"video", video().part(milliseconds(2000), milliseconds(4000), milliseconds(2000))}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings(), std::vector<std::string>{"first: 100"});
}

TEST_F(RuleBinRenewal, WhatIsHeldIsContinuedAsItBegan) {
  configure("first", R"({"hls": {"segment": "2s", "splice-timeout": "1h"}, "flv": {}})");
  Publisher publisher(line());
  send(publisher);
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  configure("second");
  send(publisher);
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings(), std::vector<std::string>{"first: 200"});
}

TEST_F(RuleBinRenewal, AnEventFromUpstreamSaysWhoIsPushing) {
  configure("t");
  Publisher publisher(line(""));
  publisher.connect("video");
  publisher.connect("audio_0");
  publisher.begin("video", video().caps);
  publisher.begin("audio_0", audio().caps);
  publisher.event("video", push_event("uri", "rtmp://d/live/cam7?secret=1"));
  publisher.event("audio_0", push_event("uri", "rtmp://d/live/cam7?secret=1"));
  push(publisher);
  EXPECT_EQ(recordings(true), std::vector<std::string>{"d/live/cam7?secret=1: 100"}) << "no frame is lost";
  EXPECT_TRUE(std::filesystem::exists(dir_ / "spool/live/cam7-0.flv"));
}

TEST_F(RuleBinRenewal, TheEventReplacesWhatThePropertiesSay) {
  configure("t");
  Publisher publisher(line());
  publisher.connect("video");
  publisher.begin("video", video().caps);
  publisher.event("video", push_event("stream", "cam8"));
  publisher.send({{"video", video()}});
  publisher.event("video", push_event("stream", "cam8"));
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings(true), std::vector<std::string>{"d/live/cam8?: 150"});
}

TEST_F(RuleBinRenewal, AnotherIdentityInMidPushIsAnotherRecording) {
  configure("t");
  Publisher publisher(line());
  publisher.send({{"video", video().part(milliseconds(0), milliseconds(2000), milliseconds(0))}});
  publisher.event("video", push_event("stream", "cam9"));
  publisher.send({{"video", video().part(milliseconds(2000), milliseconds(4000), milliseconds(2000))}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings(true), (std::vector<std::string>{"d/live/cam1?: 50", "d/live/cam9?: 50"}));
}

TEST_F(RuleBinRenewal, AnEventThatCannotBeReadIsToldAndChangesNothing) {
  configure("t");
  Publisher publisher(line());
  publisher.connect("video");
  publisher.begin("video", video().caps);
  publisher.event("video", push_event("uri", "rtmp://user:hunter2@d/live/x"));
  const auto warning = wait_for_message(publisher.pipeline(), GST_MESSAGE_WARNING);
  ASSERT_TRUE(warning);
  ErrorOut error;
  gst_message_parse_warning(warning.get(), error.out(), nullptr);
  EXPECT_NE(std::string(error->message).find("application/x-recording-push"), std::string::npos)
      << error->message;
  EXPECT_EQ(std::string(error->message).find("hunter2"), std::string::npos);
  publisher.send({{"video", video()}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings(true), std::vector<std::string>{"d/live/cam1?: 150"});
}

}  // namespace
}  // namespace rec::test
