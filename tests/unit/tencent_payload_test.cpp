// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/tencent_payload.h"

#include <gtest/gtest.h>

#include "tests/common/catalogue_rows.h"

namespace rec {
namespace {

constexpr UtcTime kNow{Seconds(1'700'000'154)};

Owed a_callback() {
  Owed owed;
  owed.target = test::ops();
  owed.recording.session_id = "1485890000000000000";
  owed.recording.push = test::a_push();
  owed.recording.template_name = "default";
  owed.url = "http://s3.example.org/rec/a.m3u8";
  StoredFile file;
  file.format = Format::hls;
  file.facts = test::a_closed_file(1);
  file.facts.started += std::chrono::microseconds(316'441);
  file.facts.ended += std::chrono::microseconds(618'577);
  owed.file = file;
  return owed;
}

TEST(TencentPayload, ReproducesTheSignatureVector) {
  EXPECT_EQ(tencent_sign("mykey", Seconds(1'545'030'873)), "f84ae4d84acdc8c7e4e793915145b8c4");  // spec 5.1
}

TEST(TencentPayload, HoldsEveryFieldOfEvent100) {
  EXPECT_EQ(
      tencent_payload(a_callback(), "mykey", kNow),
      R"({"event_type":100,"appid":0,"app":"push.example.org","appname":"live","stream_id":"cam1",)"
      R"("channel_id":"cam1","file_id":"","record_file_id":"","record_temp_id":"default","file_format":"hls",)"
      R"("task_id":"","start_time":1700000000,"end_time":1700000154,"start_time_usec":316441,)"
      R"("end_time_usec":618577,"duration":154,"file_size":27794107,"stream_param":"txSecret=x&txTime=y",)"
      R"("video_url":"http://s3.example.org/rec/a.m3u8","media_start_time":135802,"record_bps":0,)"
      R"("callback_ext":"{\"video_codec\":\"h264\",\"resolution\":\"1280x720\",)"
      R"(\"session_id\":\"1485890000000000000\"}",)"
      R"("sign":")" +
          tencent_sign("mykey", Seconds(1'700'000'754)) + R"(","t":1700000754})");
}

TEST(TencentPayload, OfATaskTellsItsIdAndNoStreamParam) {
  Owed owed = a_callback();
  owed.recording.task = "4242";
  const std::string body = tencent_payload(owed, "", kNow);
  EXPECT_NE(body.find(R"("task_id":"4242")"), std::string::npos);
  EXPECT_EQ(body.find("stream_param"), std::string::npos);
}

TEST(TencentPayload, SignsAnewForALaterAttempt) {
  EXPECT_NE(tencent_payload(a_callback(), "mykey", kNow),
            tencent_payload(a_callback(), "mykey", kNow + Seconds(60)));
}

TEST(TencentPayload, IsUnsignedWithoutAKeyAndNamesTheSpoolWithoutAStore) {
  Owed owed = a_callback();
  owed.url = "";
  owed.file->facts.path = "/spool/cam 1.flv";
  const std::string body = tencent_payload(owed, "", kNow);
  EXPECT_EQ(body.find("\"sign\""), std::string::npos);
  EXPECT_NE(body.find(R"("video_url":"file:///spool/cam%201.flv")"), std::string::npos);
}

TEST(TencentPayload, NeverStartsAfterItsEnd) {
  Owed owed = a_callback();
  owed.file->facts.started = owed.file->facts.ended + Seconds(5);  // the wall clock was set back
  EXPECT_NE(tencent_payload(owed, "", kNow).find(R"("start_time":1700000154,"end_time":1700000154)"),
            std::string::npos);
}

}  // namespace
}  // namespace rec
