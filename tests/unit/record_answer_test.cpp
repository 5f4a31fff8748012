// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/record_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace rec {
namespace {

TEST(RecordAnswer, ReadsWhatTheCloudDocuments) {
  const auto answer = parse_record_answer(
      R"({"ApiVersion":"1.0","NeedRecord":true,"Interval":{"Mp4":600,"M3U8":1200},"Format":["mp4","m3u8"]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->need_record);
  EXPECT_EQ(answer->formats, (std::vector<std::string>{"mp4", "m3u8"}));
  EXPECT_EQ(answer->seconds,
            (std::vector<std::pair<std::string, std::int64_t>>{{"Mp4", 600}, {"M3U8", 1200}}));
}

TEST(RecordAnswer, OnlyTrueIsAYes) {
  EXPECT_TRUE(parse_record_answer(R"({"NeedRecord":true})")->need_record);
  for (const char *no : {R"({"NeedRecord":false})", R"({"NeedRecord":"true"})", R"({"NeedRecord":1})",
                         R"({"NeedRecord":null})", R"({"needrecord":true})", "{}"}) {
    const auto answer = parse_record_answer(no);
    ASSERT_TRUE(answer) << no;
    EXPECT_FALSE(answer->need_record) << no;
    EXPECT_FALSE(answer->formats) << no;
  }
}

TEST(RecordAnswer, WhatDoesNotReadSaysNothing) {
  for (const char *bad : {"", "yes", "[true]", R"({"NeedRecord":true)", R"({"NeedRecord":true} x)",
                          R"({"NeedRecord":true,"NeedRecord":false})", "{\"NeedRecord\":true,\"x\":\"\xFF\"}",
                          R"({"NeedRecord":true,"Format":"mp4"})", "<html>404</html>"}) {
    const auto answer = parse_record_answer(bad);
    ASSERT_FALSE(answer) << bad;
    EXPECT_EQ(answer.error().code, Errc::corrupt) << bad;
  }
}

TEST(RecordAnswer, AnswersAreCutAt2048Bytes) {
  std::string yes = R"({"NeedRecord":true})";
  yes.resize(2048, ' ');
  EXPECT_TRUE(parse_record_answer(yes));
  EXPECT_TRUE(parse_record_answer(yes + "nobody reads this"));
  const std::string huge = R"({"NeedRecord":true,"x":")" + std::string(3000, 'x') + "\"}";
  EXPECT_FALSE(parse_record_answer(huge));
}

TEST(RecordAnswer, ValuesOfOtherKindsAreLeftOut) {
  const auto answer = parse_record_answer(
      R"({"NeedRecord":true,"Format":["mp4",1,null,{}],"Interval":{"Mp4":"600","Flv":6.5,"M3U8":9}})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->formats, std::vector<std::string>{"mp4"});
  EXPECT_EQ(answer->seconds.size(), 1U);
  const auto nothing = parse_record_answer(R"({"NeedRecord":true,"Format":null,"Interval":[600]})");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->formats);
  EXPECT_TRUE(nothing->seconds.empty());
}

TEST(IngestParameters, WithoutAWordNothingIsAskedFor) {
  for (const char *query : {"", "txSecret=a&txTime=b", "recorder=mp4", "record_interval=600"}) {
    const auto said = parse_ingest_parameters(query);
    ASSERT_TRUE(said) << query;
    EXPECT_FALSE(said->record) << query;
  }
}

TEST(IngestParameters, ReadRecordConfig) {
  const auto yes = parse_ingest_parameters("record_config=%7B%22NeedRecord%22%3Atrue%7D&auth_key=xxx");
  ASSERT_TRUE(yes);
  EXPECT_TRUE(yes->record);
  EXPECT_TRUE(yes->formats.empty());
  EXPECT_FALSE(parse_ingest_parameters("record_config=%7b%22NeedRecord%22:false%7d")->record);
  for (const char *bad :
       {"record_config=", "record_config", "record_config=%7B%22NeedRecord", "record_config=1",
        "record_config=%7B%22NeedRecord%22%3Atrue%7", "record_config=%00"})
    EXPECT_FALSE(parse_ingest_parameters(bad)) << bad;
}

TEST(IngestParameters, ReadTheOlderOnes) {
  const auto said = parse_ingest_parameters(
      "txTime=1&record=mp4%7Chls&record_interval=5400&storage_time=86400&record_type=audio");
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_TRUE(said->record);
  EXPECT_EQ(said->formats, (std::vector<Format>{Format::mp4, Format::hls}));
  EXPECT_EQ(said->cycle, Seconds(5400));
  EXPECT_EQ(said->retention, Seconds(86400));
  EXPECT_TRUE(said->audio_only);
  EXPECT_EQ(parse_ingest_parameters("record=mp4|hls|flv")->formats.size(), 3U);
  EXPECT_FALSE(parse_ingest_parameters("record=none")->record);
  EXPECT_FALSE(parse_ingest_parameters("record=")->record);
  EXPECT_FALSE(parse_ingest_parameters("record=mp4&record_type=video")->audio_only);
}

TEST(IngestParameters, BothMustMeanIt) {
  const std::string yes = "record_config=%7B%22NeedRecord%22%3Atrue%7D";
  const std::string no = "record_config=%7B%22NeedRecord%22%3Afalse%7D";
  EXPECT_TRUE(parse_ingest_parameters(yes + "&record=flv")->record);
  EXPECT_FALSE(parse_ingest_parameters(yes + "&record=none")->record);
  EXPECT_FALSE(parse_ingest_parameters(no + "&record=flv")->record);
}

TEST(IngestParameters, TheFirstOfANameCounts) {
  EXPECT_EQ(parse_ingest_parameters("record=flv&record=mp4")->formats, std::vector<Format>{Format::flv});
}

TEST(IngestParameters, WhatDoesNotReadIsRefusedWithoutBeingRepeated) {
  for (const char *bad : {"record=mp4|mp4", "record=avi", "record=flv&record_interval=x",
                          "record=flv&record_interval=-5", "record=flv&record_interval=99999999999999999999",
                          "record=flv&storage_time=129600001", "record=flv&record_type=both"}) {
    const auto said = parse_ingest_parameters(bad);
    ASSERT_FALSE(said) << bad;
    EXPECT_EQ(said.error().code, Errc::invalid_argument) << bad;
    EXPECT_EQ(said.error().message.find("avi"), std::string::npos);
  }
  EXPECT_FALSE(parse_ingest_parameters("record=flv&x=" + std::string(2048, 'x')));
}

}  // namespace
}  // namespace rec
