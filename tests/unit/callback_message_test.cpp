// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/callback_message.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/digest.h"
#include "core/io/json.h"
#include "core/model/push_query.h"
#include "core/service/catalogue_events.h"
#include "core/service/tencent_payload.h"
#include "tests/common/catalogue_rows.h"

namespace rec {
namespace {

constexpr UtcTime kNow{Seconds(1'519'375'990)};

Owed a_callback() {
  Owed owed;
  owed.id = 7;
  owed.target = test::ops();
  owed.event_id = "e1";
  owed.sequence = 5;
  owed.happened = UtcTime(Seconds(1'700'000'160));
  owed.attempts = 2;
  owed.recording.session_id = "1485890000000000000";
  owed.recording.push = test::a_push();
  owed.recording.push.stream_param = "txSecret=x&callback_myid=4%202&callback_myid=43&callback_b=";
  owed.recording.template_name = "default";
  owed.recording.formats = "hls+flv";
  owed.recording.started = UtcTime(Seconds(1'699'999'000));
  owed.url = "https://s3.example.org/rec/eu/live/a.flv";
  StoredFile file;
  file.format = Format::flv;
  file.fragment_id = 3;
  file.facts = test::a_closed_file(1);
  file.facts.duration = Milliseconds(600'250);
  owed.file = file;
  return owed;
}

CallbackTarget target(const std::string &schema) {
  CallbackTarget t;
  t.name = "ops";
  t.url = "https://learn.aliyundoc.com:8443/notify";
  t.schema = schema;
  return t;
}

std::map<std::string, std::string> headers(const CallbackMessage &message) {
  return {message.headers.begin(), message.headers.end()};
}

TEST(CallbackMessage, IsTencentsEvent100) {
  const Owed owed = a_callback();
  const auto message = callback_message(target("tencent"), {"mykey", ""}, owed, "eu/live/a.flv", kNow);
  EXPECT_EQ(message.body, tencent_payload(owed, "mykey", kNow));
  EXPECT_TRUE(message.headers.empty());
}

TEST(CallbackMessage, IsAlibabasFileCreated) {
  const auto message =
      callback_message(target("alibaba"), {"yourkey", ""}, a_callback(), "eu/live/a.flv", kNow);
  EXPECT_EQ(message.body,
            R"({"domain":"push.example.org","app":"live","stream":"cam1","uri":"eu/live/a.flv",)"
            R"("duration":600.25,"start_time":1700000000,"stop_time":1700000154,)"
            R"("push_args":{"callback_myid":"4 2","callback_b":""}})");
  EXPECT_EQ(headers(message).at("ALI-LIVE-TIMESTAMP"), "1519375990");
  EXPECT_EQ(headers(message).at("ALI-LIVE-SIGNATURE"), "9e226fc2c250be266e3657e156f68c12") << "spec 5.6";
  EXPECT_TRUE(callback_message(target("alibaba"), {}, a_callback(), "a", kNow).headers.empty());
}

TEST(CallbackMessage, IsOurOwn) {
  const auto message =
      callback_message(target("recording"), {"new", "old"}, a_callback(), "eu/live/a.flv", kNow);
  EXPECT_EQ(
      message.body,
      R"({"event":"file-finished","event-id":"e1","sequence":5,"event-time":1700000160000000,"attempt":3,"time":1519375990000000,"recording":)"
      R"({"session-id":"1485890000000000000","template":"default","task":"","domain":"push.example.org",)"
      R"("app":"live","stream":"cam1","content":"origin","formats":"hls+flv","source":"push","push-args":{"callback_myid":"4 2","callback_b":""},)"
      R"("start-time":1699999000000000},"file":{"format":"flv","url":"https://s3.example.org/rec/eu/live/a.flv",)"
      R"("object":"eu/live/a.flv","number":3,"start-time":1700000000000000,"end-time":1700000154000000,)"
      R"("duration-ns":600250000000,"size-bytes":27794107,"video-codec":"h264","width":1280,"height":720,)"
      R"("audio-codec":"aac","video-frames":3850,"audio-frames":6600}})");
  const std::string signed_text = "1519375990." + message.body;
  EXPECT_EQ(headers(message).at("X-Recording-Signature"),
            "t=1519375990,v1=" + hmac_hex(Hash::sha256, "new", signed_text) +
                ",v1=" + hmac_hex(Hash::sha256, "old", signed_text));
  EXPECT_TRUE(callback_message(target("recording"), {}, a_callback(), "a", kNow).headers.empty());
}

// ---- Events

Owed an_event(RecordingEvent event) {
  Owed owed = a_callback();
  owed.event = event;
  owed.file.reset();
  owed.url.clear();
  return owed;
}

Owed an_exception() {
  Owed owed = an_event(RecordingEvent::exception);
  owed.detail = exception_detail({.report = {.type = ExceptionType::video_jump,
                                             .track = "video",
                                             .occurs = 3,
                                             .description = "video timestamp jump: 4 s"},
                                  .format = Format::hls});
  return owed;
}

TEST(CallbackMessage, IsTencentsEvent332) {
  Owed owed = an_event(RecordingEvent::recording_finished);
  EXPECT_EQ(
      callback_message(target("tencent"), {"mykey", ""}, owed, "", UtcTime(Seconds(1'545'030'273))).body,
      R"({"appid":0,"appname":"live","domain":"push.example.org","event_time":1700000160,)"
      R"("event_type":332,"record_detail":"{\"file_format\":2,\"record_bps\":0,\"start_model\":1,)"
      R"(\"record_content\":1,\"source_type\":1,\"codec_temp_id\":0}","record_event":"record_ended",)"
      R"("seq":"5","session_id":"1485890000000000000","stream_id":"cam1",)"
      R"("sign":"f84ae4d84acdc8c7e4e793915145b8c4","t":1545030873})")
      << "spec 5.1's vector";
  owed.event = RecordingEvent::recording_paused;
  owed.recording.task = "123";
  owed.recording.content = "transcoded:42";
  owed.recording.formats = "mp4";
  const std::string body = callback_message(target("tencent"), {}, owed, "", kNow).body;
  EXPECT_NE(body.find(R"("record_event":"record_paused")"), std::string::npos);
  EXPECT_NE(body.find(R"("task_id":"123")"), std::string::npos);
  EXPECT_NE(body.find(R"(\"file_format\":3)"), std::string::npos);
  EXPECT_NE(body.find(R"(\"start_model\":5,\"record_content\":3)"), std::string::npos);
  EXPECT_NE(body.find(R"(\"codec_temp_id\":42)"), std::string::npos);
  EXPECT_EQ(body.find("stream_param"), std::string::npos);
}

TEST(CallbackMessage, IsTencentsEvent341) {
  EXPECT_EQ(callback_message(target("tencent"), {}, an_exception(), "", kNow).body,
            R"({"event_type":341,"appid":0,"stream_id":"cam1","session_id":"1485890000000000000",)"
            R"("file_format":"TS","timestamp":1700000160,"exception_level":"warning","exception":)"
            R"({"type":-9,"occurs":3,"desc":"video timestamp jump: 4 s"},"interface":"general_callback",)"
            R"("t":1519376590})");
}

TEST(CallbackMessage, IsAlibabasStatus) {
  const auto message = callback_message(target("alibaba"), {"yourkey", ""},
                                        an_event(RecordingEvent::recording_paused), "", kNow);
  EXPECT_EQ(message.body,
            R"({"domain":"push.example.org","app":"live","stream":"cam1","event":"record_paused"})");
  EXPECT_EQ(headers(message).at("ALI-LIVE-SIGNATURE"), "9e226fc2c250be266e3657e156f68c12");
}

TEST(CallbackMessage, IsAlibabasVodEvent) {
  CallbackTarget vod = target("alibaba-vod");
  vod.url = "https://www.example.com/your/callback";
  const auto message = callback_message(vod, {"test123", ""}, a_callback(), "eu/live/a.flv", kNow);
  EXPECT_EQ(message.body,
            R"({"EventTime":"2023-11-14T22:16:00Z","EventType":"AddLiveRecordVideoComplete",)"
            R"("VideoId":"eu/live/a.flv","Status":"success","StreamName":"cam1",)"
            R"("DomainName":"push.example.org","AppName":"live","RecordStartTime":"2023-11-14T22:13:20Z",)"
            R"("RecordEndTime":"2023-11-14T22:15:54Z"})");
  EXPECT_EQ(headers(message).at("X-VOD-TIMESTAMP"), "1519375990");
  EXPECT_EQ(headers(message).at("X-VOD-SIGNATURE"), "c72b60894140fa98920f1279219b7ed4")
      << "alibabacloud.com/help/doc-detail/67214.htm";
}

TEST(CallbackMessage, SaysOfWhatARecordingIsMade) {
  Owed owed = a_callback();
  owed.recording.source = RecordingSource::clip;
  owed.derived_from = {"11", "12"};
  const std::string body = callback_message(target("recording"), {}, owed, "clip.mp4", kNow).body;
  const auto json = parse_json(body);
  ASSERT_TRUE(json);
  const JsonValue &recording = json->member("recording")->value;
  EXPECT_EQ(recording.member("source")->value.string, "clip");
  ASSERT_EQ(recording.member("derived-from")->value.elements.size(), 2U);
  EXPECT_EQ(recording.member("derived-from")->value.elements[1].string, "12");
}

TEST(CallbackMessage, SaysAtTheEndWhatTheCheckFound) {
  Owed owed = a_callback();
  owed.recording.quality = R"({"clean":false,"problems":["gaps"],"gaps":[{"length_ns":7}],"mean_gop_ns":2})";
  owed.event = RecordingEvent::recording_finished;
  const std::string told =
      R"("quality":{"clean":false,"problems":["gaps"],"gaps":[{"length-ns":7}],"mean-gop-ns":2})";
  EXPECT_NE(callback_message(target("recording"), {}, owed, "", kNow).body.find(told), std::string::npos);
  owed.event = RecordingEvent::recording_started;
  EXPECT_EQ(callback_message(target("recording"), {}, owed, "", kNow).body.find("quality"),
            std::string::npos);
}

TEST(CallbackMessage, OurOwnTellsWhatHappened) {
  const std::string exception = callback_message(target("recording"), {}, an_exception(), "", kNow).body;
  EXPECT_NE(exception.find(R"("event":"exception")"), std::string::npos);
  EXPECT_NE(exception.find(R"("exception":{"type":-9,"level":"warning","meaning":"video timestamp jump",)"
                           R"("track":"video","occurs":3,"description":"video timestamp jump: 4 s"})"),
            std::string::npos);
  EXPECT_EQ(exception.find("\"file\""), std::string::npos);
  Owed failed = an_event(RecordingEvent::recording_error);
  failed.detail = error_detail("no space");
  EXPECT_NE(callback_message(target("recording"), {}, failed, "", kNow).body.find(R"("error":"no space")"),
            std::string::npos);
}

TEST(CallbackMessage, TellsNoSecretOfThePushAndForATaskNothingOfIt) {
  for (const char *schema : {"alibaba", "recording"}) {
    Owed owed = a_callback();
    EXPECT_EQ(callback_message(target(schema), {"k", ""}, owed, "a", kNow).body.find("txSecret"),
              std::string::npos);
    owed.recording.task = "123";
    EXPECT_EQ(callback_message(target(schema), {"k", ""}, owed, "a", kNow).body.find("myid"),
              std::string::npos);
  }
}

TEST(CallbackMessage, NamesAndStreamsAreHostile) {
  Owed owed = a_callback();
  owed.recording.push.stream = "\"},\xff\n";
  owed.recording.push.stream_param = "callback_\"=\"&callback_%22=x&&=&callback_";
  for (const char *schema : {"alibaba", "alibaba-vod", "recording", "tencent"}) {
    const auto message = callback_message(target(schema), {"k", ""}, owed, "a", kNow);
    const auto json = parse_json(message.body);
    EXPECT_TRUE(json) << schema << ": " << message.body;
    EXPECT_EQ(message.body.find('\n'), std::string::npos);
  }
}

TEST(PushQuery, GivesWhatIsThere) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(query_parameters("a=1&&b&c=x%20y+z%zz&=5&a=2"),
            (Pairs{{"a", "1"}, {"b", ""}, {"c", "x y z%zz"}, {"", "5"}, {"a", "2"}}));
  EXPECT_TRUE(query_parameters("").empty());
  EXPECT_EQ(query_parameter("a=1&a=2", "a"), "1");
  EXPECT_EQ(query_parameter("ab=1", "a"), std::nullopt);
}

}  // namespace
}  // namespace rec
