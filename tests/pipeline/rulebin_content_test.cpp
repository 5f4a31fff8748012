// SPDX-License-Identifier: LGPL-2.1-or-later
// The contents of a push, each recorded by what its template says about them.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/service/catalogue.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using Names = std::vector<std::string>;

Media watermarked() {
  VideoSpec spec;
  spec.width = 176;
  spec.height = 144;
  return video(spec);
}
Media small() {
  VideoSpec spec;
  spec.width = 80;
  spec.height = 64;
  return video(spec);
}

class RuleBinContent : public ::testing::Test {
 protected:
  // An application that has these contents ("watermarked"), and a template that wants those.
  void publish(const std::string &wanted, Names has, const std::string &name = "{StreamName}/x",
               const std::string &format = R"("flv": {})") {
    write_file(dir_.path() / "recording.json",
               R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t": {"content": )" + wanted +
                   R"(, "name": ")" + name + R"(", "formats": {)" + format + "}}}}");
    has_ = std::move(has);
    auto element = parse_pipeline("rulebin directory=" + (dir_ / "spool") +
                                  " config=" + (dir_ / "recording.json") + " uri=rtmp://d/live/cam1");
    ASSERT_TRUE(element);
    g_signal_connect(element.get(), "request-content", G_CALLBACK(on_request), this);
    publisher_ = std::make_unique<Publisher>(element);
  }
  Publisher &publisher() { return *publisher_; }
  bool wait_for_eos() { return static_cast<bool>(wait_for_message(publisher().pipeline(), GST_MESSAGE_EOS)); }
  std::vector<Recording> recordings() {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(catalogue) << catalogue.error().message;
    auto list = *catalogue->recordings(10);
    std::sort(list.begin(), list.end(), [](const auto &a, const auto &b) { return a.content < b.content; });
    return list;
  }
  Names contents() {
    Names names;
    for (const Recording &recording : recordings()) names.push_back(recording.content);
    return names;
  }
  std::vector<std::string> files(const std::string &content) {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    Names paths;
    for (const Recording &recording : recordings()) {
      if (recording.content != content) continue;
      const auto stored = catalogue->files(recording.id);
      for (const StoredFile &file : *stored) {
        EXPECT_EQ(file.state, FileState::closed) << file.error;
        paths.push_back(file.facts.path);
      }
    }
    return paths;
  }
  void expect_stored(const std::string &content, const Media &sent) {
    EXPECT_EQ(hashes_stored(files(content), "video"), hashes_sent({sent})) << content;
  }

  TempDir dir_;
  Names asked_;  // in start(), on this thread

 private:
  static gboolean on_request(GstElement *, const gchar *content, gpointer self) {
    auto *test = static_cast<RuleBinContent *>(self);
    test->asked_.emplace_back(content);
    return std::find(test->has_.begin(), test->has_.end(), content) != test->has_.end();
  }

  SystemClock clock_;
  Names has_;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(RuleBinContent, EveryContentIsARecordingOfItsOwn) {
  publish(R"(["origin", "watermarked", "transcoded:s"])", {"watermarked", "transcoded:s"});
  EXPECT_EQ(asked_, (Names{"watermarked", "transcoded:s"}));
  publisher().send({{"video", video()},
                    {"audio_0", audio()},
                    {"video_watermarked", watermarked()},
                    {"audio_watermarked", audio()},
                    {"video_transcoded_s", small()}});
  publisher().end_all();
  ASSERT_TRUE(wait_for_eos());
  EXPECT_EQ(contents(), (Names{"origin", "transcoded:s", "watermarked"}));
  expect_stored("origin", video());
  expect_stored("watermarked", watermarked());
  expect_stored("transcoded:s", small());
  EXPECT_EQ(hashes_stored(files("watermarked"), "audio"), hashes_sent({audio()}));
  EXPECT_EQ(files("origin"), Names{dir_ / "spool/cam1/x.flv"});
  EXPECT_EQ(files("watermarked"), Names{dir_ / "spool/cam1/x_watermarked.flv"}) << "else they would collide";
  EXPECT_EQ(files("transcoded:s"), Names{dir_ / "spool/cam1/x_transcoded_s.flv"});
}

TEST_F(RuleBinContent, ANameMayTellTheTranscodingTemplate) {
  publish(R"(["origin", "transcoded:s"])", {"transcoded:s"}, "{StreamName}/{RecordSource}");
  publisher().send({{"video", video()}, {"video_transcoded_s", small()}});
  publisher().end_all();
  ASSERT_TRUE(wait_for_eos());
  EXPECT_EQ(files("origin"), Names{dir_ / "spool/cam1/origin.flv"});
  EXPECT_EQ(files("transcoded:s"), Names{dir_ / "spool/cam1/s.flv"});
}

TEST_F(RuleBinContent, WhatNobodyHasIsReplacedByTheWatermarkedContent) {
  publish(R"(["transcoded:s"])", {"watermarked"});
  EXPECT_EQ(asked_, (Names{"transcoded:s", "watermarked"}));
  publisher().send({{"video", video()}, {"video_watermarked", watermarked()}});
  publisher().end_all();
  ASSERT_TRUE(wait_for_eos());
  EXPECT_EQ(contents(), Names{"watermarked"});
  expect_stored("watermarked", watermarked());
}

TEST_F(RuleBinContent, AndThatByTheOriginWhichIsRecordedOnce) {
  publish(R"(["origin", "watermarked", "transcoded:s"])", {});
  publisher().send({{"video", video()}});
  publisher().end_all();
  ASSERT_TRUE(wait_for_eos());
  EXPECT_EQ(contents(), Names{"origin"});
  expect_stored("origin", video());
}

TEST_F(RuleBinContent, EosWaitsForTheLastContent) {
  publish(R"(["origin", "watermarked"])", {"watermarked"});
  publisher().send(
      {{"video", video()}, {"video_watermarked", watermarked().part(Seconds(0), Seconds(4), Seconds(0))}});
  publisher().end("video");
  ASSERT_TRUE(wait_for_element_message(publisher().pipeline(), "recsink-file-closed")) << "the origin's";
  publisher().send({{"video_watermarked", watermarked().part(Seconds(4), Seconds(6), Seconds(4))}});
  publisher().end("video_watermarked");
  ASSERT_TRUE(wait_for_eos());
  expect_stored("origin", video());
  expect_stored("watermarked", watermarked());
}

TEST_F(RuleBinContent, APushThatComesBackContinuesEachContentForItself) {
  const std::string hls = R"("hls": {"segment": "2s", "splice-timeout": "1h"})";
  for (int push = 0; push < 2; ++push) {
    publish(R"(["origin", "watermarked"])", {"watermarked"}, "{StreamName}", hls);
    publisher().send({{"video", video()}, {"video_watermarked", watermarked()}});
    publisher().end_all();
    ASSERT_TRUE(wait_for_element_message(publisher().pipeline(), "splicesink-recording-paused"));
    ASSERT_TRUE(wait_for_element_message(publisher().pipeline(), "splicesink-recording-paused"));
  }
  EXPECT_EQ(contents(), (Names{"origin", "watermarked"})) << "two pushes";
  for (const Recording &recording : recordings()) EXPECT_EQ(recording.state, RecordingState::paused);
}

class RuleBinStandby : public RuleBinContent {
 protected:
  void mark(bool active) {
    for (const char *pad : {"video_watermarked", "audio_watermarked"})
      publisher().event(pad,
                        gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
                                             gst_structure_new("application/x-recording-standby", "active",
                                                               G_TYPE_BOOLEAN, active, nullptr)));
  }
  static Media pictures(milliseconds from, milliseconds to) { return watermarked().part(from, to, from); }
  void send(milliseconds from, milliseconds to) {
    publisher().send(
        {{"video_watermarked", pictures(from, to)}, {"audio_watermarked", audio().part(from, to, from)}});
  }
  // A slate from 2 s to 3.5 s; the stream comes back between two keyframes.
  void publish_with_slate(const std::string &standby) {
    publish(R"(["watermarked"], "standby": )" + standby, {"watermarked"});
    send(milliseconds(0), milliseconds(2000));
    mark(true);
    send(milliseconds(2000), milliseconds(3500));
    mark(false);
    send(milliseconds(3500), milliseconds(6000));
    publisher().end_all();
    ASSERT_TRUE(wait_for_eos());
  }
};

TEST_F(RuleBinStandby, IsLeftOutUntilTheFirstKeyframeAfterIt) {
  publish_with_slate("false");
  Hashes expected = hashes_sent({pictures(milliseconds(0), milliseconds(2000))});
  for (const std::string &hash : hashes_sent({pictures(milliseconds(4000), milliseconds(6000))}))
    expected.push_back(hash);
  EXPECT_EQ(hashes_stored(files("watermarked"), "video"), expected);
  EXPECT_LT(hashes_stored(files("watermarked"), "audio").size(), audio().units.size() - 60);
}

TEST_F(RuleBinStandby, IsRecordedWhereTheTemplateSaysSo) {
  publish_with_slate("true");
  expect_stored("watermarked", watermarked());
  EXPECT_EQ(hashes_stored(files("watermarked"), "audio"),
            hashes_sent({audio().part(Seconds(0), Seconds(6), Seconds(0))}));
}

TEST_F(RuleBinContent, APadOfNoContentIsRefused) {
  publish(R"(["origin"])", {});
  for (const char *name : {"video_other", "audio_transcoded_", "video_transcoded_a/b"})
    EXPECT_EQ(gst_element_request_pad_simple(publisher().element(), name), nullptr) << name;
  const auto pad =
      Ref<GstPad>::adopt(gst_element_request_pad_simple(publisher().element(), "video_transcoded_720"));
  ASSERT_TRUE(pad);
  gst_element_release_request_pad(publisher().element(), pad.get());
}

}  // namespace
}  // namespace rec::test
