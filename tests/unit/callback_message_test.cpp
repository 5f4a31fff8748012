// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/callback_message.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/digest.h"
#include "core/io/json.h"
#include "core/model/push_query.h"
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
  owed.attempts = 2;
  owed.recording.session_id = "1485890000000000000";
  owed.recording.push = test::a_push();
  owed.recording.push.stream_param = "txSecret=x&callback_myid=4%202&callback_myid=43&callback_b=";
  owed.recording.template_name = "default";
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
      R"({"event":"file-finished","event-id":"e1","sequence":7,"attempt":3,"time":1519375990000000,"recording":)"
      R"({"session-id":"1485890000000000000","template":"default","task":"","domain":"push.example.org",)"
      R"("app":"live","stream":"cam1","push-args":{"callback_myid":"4 2","callback_b":""},)"
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
  for (const char *schema : {"alibaba", "recording", "tencent"}) {
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
