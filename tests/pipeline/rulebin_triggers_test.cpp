// SPDX-License-Identifier: LGPL-2.1-or-later
// When a push is recorded: a server that is asked, what the push URL says, and commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/service/catalogue.h"
#include "tests/common/scripted_server.h"
#include "tests/common/victim.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using Way = ScriptedServer::Line::Way;

constexpr const char *kYes = R"({"NeedRecord":true})";

class RuleBinTriggers : public ::testing::Test {
 protected:
  // Everything of domain "d", by that trigger.
  void configure(const std::string &trigger, const std::string &formats) {
    write_file(dir_.path() / "recording.json",
               R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t": {"trigger": )" + trigger +
                   R"(, "name": "{StreamName}/{EscapedStartTime}-{StartMillisecond}_{EscapedEndTime}",
  "formats": )" + formats +
                   "}}}");
  }
  static std::string ask(const ScriptedServer &server, const std::string &more = "") {
    return R"({"ask": ")" + server.url() + R"(/ask", "retries": 0, "timeout": "60s")" + more + "}";
  }
  std::string line(const std::string &query = "") const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") +
           " uri=rtmp://d/live/cam1" + query;
  }
  std::vector<Recording> recordings() {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(catalogue) << catalogue.error().message;
    auto list = *catalogue->recordings(10);
    std::reverse(list.begin(), list.end());  // oldest first
    return list;
  }
  std::vector<StoredFile> files(const Recording &recording, Format format) {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    std::vector<StoredFile> list;
    const auto all = *catalogue->files(recording.id);
    for (const StoredFile &file : all)
      if (file.format == format) list.push_back(file);
    return list;
  }
  Hashes stored(const Recording &recording, Format format, const std::string &kind) {
    std::vector<std::string> paths;
    for (const StoredFile &file : files(recording, format)) paths.push_back(file.facts.path);
    return hashes_stored(paths, kind);
  }
  static Media pictures(int from, int to) { return video().part(Seconds(from), Seconds(to), Seconds(from)); }
  static Media sounds(int from, int to) { return audio().part(Seconds(from), Seconds(to), Seconds(from)); }
  static void send(Publisher &publisher, int from, int to) {
    publisher.send({{"video", pictures(from, to)}, {"audio_0", sounds(from, to)}});
  }
  static bool wait_for_eos(Publisher &publisher) {
    return static_cast<bool>(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  static bool wait_for(Publisher &publisher, const char *message) {
    return static_cast<bool>(wait_for_element_message(publisher.pipeline(), message));
  }
  // "" when it was done.
  // The push ends, and nobody is waited for.
  static void end_for_good(Publisher &publisher) {
    publisher.end_all();
    ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
    g_signal_emit_by_name(publisher.element(), "cancel-delay");
    ASSERT_TRUE(wait_for_eos(publisher));
  }
  static std::string command(Publisher &publisher, const char *name) {
    gchar *wrong = nullptr;
    g_signal_emit_by_name(publisher.element(), name, &wrong);
    const CString owned(wrong);
    return wrong ? wrong : "";
  }
  static std::uint64_t stat(Publisher &publisher, const char *field) {
    GstStructure *stats = nullptr;
    g_object_get(publisher.element(), "stats", &stats, nullptr);
    const StructurePtr owned(stats);
    return uint64_field(stats, field);
  }
  // All of it, in FLV and MP4 alike.
  void expect_recorded(const Recording &recording, int from, int to) {
    for (const Format format : {Format::flv, Format::mp4}) {
      EXPECT_EQ(stored(recording, format, "video"), hashes_sent({pictures(from, to)})) << name_of(format);
      EXPECT_EQ(stored(recording, format, "audio"), hashes_sent({sounds(from, to)})) << name_of(format);
    }
  }

  TempDir dir_;
  SystemClock clock_;
};

// ---- A server that is asked

TEST_F(RuleBinTriggers, NoFrameIsLostWhileAQuestionIsOpen) {
  ScriptedServer server({ScriptedServer::ok(kYes, Way::after_release)});
  configure(ask(server), R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line("?secret=1"));
  send(publisher, 0, 3);
  ASSERT_TRUE(server.wait_for_requests(1));
  EXPECT_TRUE(recordings().empty());
  server.release();
  ASSERT_TRUE(wait_for(publisher, "rulebin-recording-started"));
  send(publisher, 3, 6);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  expect_recorded(recordings()[0], 0, 6);
  EXPECT_EQ(server.requests(), std::vector<std::string>{
                                   "GET /ask?app=live&domain=d&stream=cam1&codec=h264&vbitrate=0 HTTP/1.1"});
  EXPECT_EQ(stat(publisher, "buffers-not-recorded"), 0U);
}

TEST_F(RuleBinTriggers, APushThatIsOverBeforeTheAnswerIsRecordedWhole) {
  ScriptedServer server({ScriptedServer::ok(kYes, Way::after_release)});
  configure(ask(server), R"({"flv": {}, "mp4": {}, "hls": {"segment": "2s"}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  publisher.end_all();
  ASSERT_TRUE(server.wait_for_requests(1));
  server.release();
  ASSERT_TRUE(wait_for_eos(publisher)) << "it waits for the answer";
  ASSERT_EQ(recordings().size(), 1U);
  expect_recorded(recordings()[0], 0, 2);
  EXPECT_EQ(files(recordings()[0], Format::hls).size(), 1U);
}

TEST_F(RuleBinTriggers, ANoIsHeeded) {
  ScriptedServer server({ScriptedServer::ok(R"({"NeedRecord":false})", Way::after_release)});
  configure(ask(server), R"({"flv": {}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  ASSERT_TRUE(server.wait_for_requests(1));
  server.release();
  const auto told = wait_for_element_message(publisher.pipeline(), "rulebin-not-recorded");
  ASSERT_TRUE(told);
  EXPECT_EQ(string_field(gst_message_get_structure(told.get()), "reason"),
            "the server that was asked says no");
  send(publisher, 2, 4);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  EXPECT_TRUE(recordings().empty());
  EXPECT_EQ(stat(publisher, "buffers-not-recorded"), pictures(0, 4).units.size() + sounds(0, 4).units.size());
}

TEST_F(RuleBinTriggers, TheAnswerChoosesFormatsAndCycles) {
  ScriptedServer server(
      {ScriptedServer::ok(R"({"NeedRecord":true,"Format":["MP4","avi"],"Interval":{"Mp4":5,"Flv":7}})")});
  configure(ask(server), R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line());
  send(publisher, 0, 6);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(files(recordings()[0], Format::mp4).size(), 2U) << "after five seconds";
  EXPECT_TRUE(files(recordings()[0], Format::flv).empty());
}

TEST_F(RuleBinTriggers, WithoutAnAnswerTheTemplateDecides) {
  for (const bool record : {false, true}) {
    ScriptedServer server({ScriptedServer::status(500)});
    configure(ask(server, record ? R"(, "on-failure": "record")" : ""), R"({"flv": {}, "mp4": {}})");
    Publisher publisher(line());
    send(publisher, 0, 2);
    publisher.end_all();
    ASSERT_TRUE(wait_for_eos(publisher));
    ASSERT_EQ(recordings().size(), record ? 1U : 0U);
    if (record) expect_recorded(recordings()[0], 0, 2);
  }
}

TEST_F(RuleBinTriggers, WhatIsHeldIsBoundedAndCounted) {
  ScriptedServer server({ScriptedServer::ok(kYes, Way::after_release)});
  configure(ask(server, R"(, "hold": "2s")"), R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line());
  send(publisher, 0, 6);  // keyframes every second
  ASSERT_TRUE(server.wait_for_requests(1));
  const std::uint64_t lost = stat(publisher, "buffers-held-too-long");
  server.release();
  ASSERT_TRUE(wait_for(publisher, "rulebin-recording-started"));
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(stored(recordings()[0], Format::flv, "video"), hashes_sent({pictures(3, 6)}))
      << "whole groups of pictures, two seconds at least";
  const Hashes sound = stored(recordings()[0], Format::flv, "audio");
  EXPECT_EQ(lost + pictures(3, 6).units.size() + sound.size(),
            pictures(0, 6).units.size() + sounds(0, 6).units.size());
}

TEST_F(RuleBinTriggers, AQuestionEndsWithItsElement) {
  ScriptedServer server({ScriptedServer::ok(kYes, Way::never)});
  configure(ask(server), R"({"flv": {}})");
  {
    Publisher publisher(line());
    send(publisher, 0, 2);
    ASSERT_TRUE(server.wait_for_requests(1));
  }
  EXPECT_TRUE(recordings().empty());
}

TEST_F(RuleBinTriggers, StartOverrulesAQuestion) {
  ScriptedServer server({ScriptedServer::ok(R"({"NeedRecord":false})", Way::after_release)});
  configure(ask(server), R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  ASSERT_TRUE(server.wait_for_requests(1));
  EXPECT_EQ(command(publisher, "start"), "");
  server.release();
  send(publisher, 2, 4);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  expect_recorded(recordings()[0], 0, 4);
}

// ---- What the push URL says

TEST_F(RuleBinTriggers, APushUrlAsksForFormats) {
  configure(R"("ingest-parameter")", R"({"mp4": {}})");
  Publisher publisher(line("?record=flv|mp4&record_type=audio"));
  send(publisher, 0, 2);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  for (const Format format : {Format::flv, Format::mp4}) {
    EXPECT_EQ(stored(recordings()[0], format, "audio"), hashes_sent({sounds(0, 2)})) << name_of(format);
    EXPECT_TRUE(stored(recordings()[0], format, "video").empty());
  }
}

TEST_F(RuleBinTriggers, APushUrlThatDoesNotAskIsNotRecordedUntilSomebodySaysSo) {
  configure(R"("ingest-parameter")", R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line("?token=x"));
  ASSERT_TRUE(wait_for(publisher, "rulebin-not-recorded"));
  send(publisher, 0, 2);
  EXPECT_EQ(command(publisher, "start"), "");
  send(publisher, 2, 4);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(stored(recordings()[0], Format::mp4, "video"), hashes_sent({pictures(2, 4)}));
}

// ---- Commands

TEST_F(RuleBinTriggers, AManualRecordingIsWhatIsBetweenStartAndStop) {
  configure(R"("manual")", R"({"flv": {}, "mp4": {}})");
  Publisher publisher(line());
  EXPECT_NE(command(publisher, "start").find("no such stream"), std::string::npos);
  send(publisher, 0, 1);
  EXPECT_NE(command(publisher, "stop"), "");
  EXPECT_EQ(command(publisher, "start"), "");
  send(publisher, 1, 3);
  EXPECT_NE(command(publisher, "start").find("TaskAlreadyStarted"), std::string::npos);
  EXPECT_EQ(command(publisher, "stop"), "");
  EXPECT_NE(command(publisher, "restart"), "");
  send(publisher, 3, 6);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(stored(recordings()[0], Format::flv, "video"), hashes_sent({pictures(1, 3)}));
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
}

TEST_F(RuleBinTriggers, AStartSoonAfterAStopContinuesTheRecording) {
  configure(R"("automatic")",
            R"({"flv": {"splice-timeout": "1h"}, "mp4": {"splice-timeout": "1h"},
                "hls": {"segment": "2s", "splice-timeout": "1h"}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  EXPECT_EQ(command(publisher, "stop"), "");
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
  send(publisher, 2, 3);
  EXPECT_EQ(command(publisher, "start"), "");
  send(publisher, 3, 5);
  end_for_good(publisher);
  ASSERT_EQ(recordings().size(), 1U) << "one, which went on";
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
  EXPECT_EQ(files(recordings()[0], Format::hls).size(), 1U);
  Hashes expected = hashes_sent({pictures(0, 2), pictures(3, 5)});
  for (const Format format : {Format::flv, Format::mp4}) {
    EXPECT_EQ(files(recordings()[0], format).size(), 1U) << name_of(format);
    EXPECT_EQ(stored(recordings()[0], format, "video"), expected) << name_of(format);
  }
}

TEST_F(RuleBinTriggers, AManualRecordingIsNotResumedByItsPush) {
  configure(R"("manual")", R"({"flv": {"splice-timeout": "1h"}})");
  Publisher publisher(line());
  send(publisher, 0, 1);
  EXPECT_EQ(command(publisher, "start"), "");
  send(publisher, 1, 3);
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "rulebin-recording-paused"));
  send(publisher, 0, 2);
  EXPECT_EQ(recordings().at(0).state, RecordingState::paused);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(stored(recordings()[0], Format::flv, "video"), hashes_sent({pictures(1, 3)}));
}

TEST_F(RuleBinTriggers, ARestartDividesEveryFormatAtOneKeyframeWithoutALoss) {
  configure(R"("automatic")", R"({"flv": {"splice-timeout": "1h"}, "mp4": {"splice-timeout": "1h"},
                                  "hls": {"segment": "1s", "splice-timeout": "1h"}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  EXPECT_EQ(command(publisher, "restart"), "");
  send(publisher, 2, 4);
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-finished")) << "at once, whatever the splice-timeout";
  send(publisher, 4, 6);
  end_for_good(publisher);
  const auto list = recordings();
  ASSERT_EQ(list.size(), 2U);
  for (const Recording &recording : list) {
    EXPECT_EQ(recording.state, RecordingState::finished);
    EXPECT_EQ(files(recording, Format::hls).size(), 1U);
  }
  for (const Format format : {Format::flv, Format::mp4}) {
    EXPECT_EQ(stored(list[0], format, "video"), hashes_sent({pictures(0, 2)})) << name_of(format);
    EXPECT_EQ(stored(list[1], format, "video"), hashes_sent({pictures(2, 6)})) << name_of(format);
    Hashes sound = stored(list[0], format, "audio");
    const Hashes second = stored(list[1], format, "audio");
    sound.insert(sound.end(), second.begin(), second.end());
    EXPECT_EQ(sound, hashes_sent({sounds(0, 6)})) << name_of(format);
  }
}

TEST_F(RuleBinTriggers, ARestartAtTheVeryEndLosesNothingEither) {
  configure(R"("automatic")", R"({"flv": {"splice-timeout": "1h"}, "mp4": {"splice-timeout": "1h"}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  EXPECT_EQ(command(publisher, "restart"), "");
  send(publisher, 2, 3);
  publisher.end_all();
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_eos(publisher));
  const auto list = recordings();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(stored(list[0], Format::mp4, "video"), hashes_sent({pictures(0, 2)}));
  EXPECT_EQ(stored(list[1], Format::mp4, "video"), hashes_sent({pictures(2, 3)}));
  EXPECT_EQ(list[1].state, RecordingState::finished);
}

TEST_F(RuleBinTriggers, ARecordingThatIsOldEnoughGivesWayToAnotherWithoutALoss) {
  configure(R"("automatic", "restart-after": "1s")", R"({"flv": {}, "hls": {"segment": "1s"}})");
  Publisher publisher(line());
  std::vector<Media> sent;
  const auto send_another_second = [&] {
    const auto at = Seconds(sent.size());
    sent.push_back(video().part(Seconds(0), Seconds(1), at));
    publisher.send({{"video", sent.back()}, {"audio_0", audio().part(Seconds(0), Seconds(1), at)}});
  };
  for (int tries = 0; tries < 300 && recordings().size() < 2; ++tries) {
    send_another_second();
    test::wait_for(Milliseconds(100));
  }
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  const auto list = recordings();
  ASSERT_EQ(list.size(), 2U);
  Hashes pictures = stored(list[0], Format::flv, "video");
  const Hashes later = stored(list[1], Format::flv, "video");
  EXPECT_FALSE(later.empty());
  pictures.insert(pictures.end(), later.begin(), later.end());
  EXPECT_EQ(pictures, hashes_sent(sent));
  for (const Recording &recording : list) EXPECT_EQ(files(recording, Format::hls).size(), 1U);
}

TEST_F(RuleBinTriggers, CancelDelayEndsARecordingThatGoesOn) {
  configure(R"("automatic")", R"({"flv": {"splice-timeout": "1h"},
                                  "hls": {"segment": "1s", "splice-timeout": "1h"}})");
  Publisher publisher(line());
  send(publisher, 0, 2);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-finished"));
  send(publisher, 2, 4);
  EXPECT_EQ(command(publisher, "start"), "");
  send(publisher, 4, 6);
  end_for_good(publisher);
  const auto list = recordings();
  ASSERT_EQ(list.size(), 2U) << "what was finished is not continued";
  EXPECT_EQ(stored(list[0], Format::flv, "video"), hashes_sent({pictures(0, 2)}));
  EXPECT_EQ(stored(list[1], Format::flv, "video"), hashes_sent({pictures(4, 6)}));
}

}  // namespace
}  // namespace rec::test
