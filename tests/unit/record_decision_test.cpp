// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/record_decision.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rec {
namespace {

FileFormat file_of(Format format) {
  FileFormat file;
  file.format = format;
  return file;
}

// MP4, FLV and HLS.
RecordingTemplate three_formats() {
  RecordingTemplate t;
  t.name = "three";
  t.files = {file_of(Format::mp4), file_of(Format::flv)};
  t.hls.emplace();
  return t;
}

// "mp4:600 flv:1800 hls:0", or why nothing is recorded.
std::string said(const RecordDecision &decision) {
  if (!decision.recording) return "no: " + decision.why_not;
  std::string text;
  const auto cycle = [](Nanoseconds c) {
    return ":" + std::to_string(std::chrono::duration_cast<Seconds>(c).count());
  };
  for (const FileFormat &f : decision.recording->files)
    text += (text.empty() ? "" : " ") + std::string(name_of(f.format)) + cycle(f.cycle);
  if (decision.recording->hls)
    text += (text.empty() ? "hls" : " hls") + cycle(decision.recording->hls->cycle);
  return text;
}

RecordAnswer yes() {
  RecordAnswer answer;
  answer.need_record = true;
  return answer;
}

TEST(RecordDecision, ANoIsANoWhateverElseIsSaid) {
  RecordAnswer answer;
  answer.formats = {"mp4"};
  EXPECT_EQ(said(decide(three_formats(), answer)), "no: the server that was asked says no");
}

TEST(RecordDecision, AYesAloneRecordsTheTemplate) {
  EXPECT_EQ(said(decide(three_formats(), yes())), "mp4:1800 flv:1800 hls:0");
}

TEST(RecordDecision, FormatsAreThoseOfBothWrittenInAnyCase) {
  RecordAnswer answer = yes();
  answer.formats = {"M3U8", "MP4", "avi", "aac"};
  EXPECT_EQ(said(decide(three_formats(), answer)), "mp4:1800 hls:0");
  answer.formats = {"avi", "cmaf"};  // its HLS has TS segments
  EXPECT_EQ(said(decide(three_formats(), answer)),
            "no: template 'three' has none of the formats that the server names which was asked");
  answer.formats.emplace();
  EXPECT_FALSE(decide(three_formats(), answer).recording);
}

TEST(RecordDecision, CmafIsHlsWithSuchSegments) {
  RecordingTemplate t = three_formats();
  t.hls->segment_format = SegmentFormat::cmaf;
  RecordAnswer answer = yes();
  answer.formats = {"Cmaf"};
  answer.seconds = {{"CMAF", 900}};
  EXPECT_EQ(said(decide(t, answer)), "hls:900");
}

TEST(RecordDecision, IntervalsReplaceCyclesWithinTheirRange) {
  const auto with = [](std::int64_t seconds) {
    RecordAnswer answer = yes();
    answer.seconds = {{"Mp4", seconds}, {"M3U8", 1200}};
    return decide(three_formats(), answer);
  };
  EXPECT_EQ(said(with(600)), "mp4:600 flv:1800 hls:1200");
  EXPECT_EQ(said(with(5)), "mp4:5 flv:1800 hls:1200");
  EXPECT_EQ(said(with(21600)), "mp4:21600 flv:1800 hls:1200");
  EXPECT_TRUE(with(5).ignored.empty());
  for (const std::int64_t beyond : {std::int64_t{4}, std::int64_t{21601}, std::int64_t{0}, INT64_MIN}) {
    EXPECT_EQ(said(with(beyond)), "mp4:1800 flv:1800 hls:1200");
    ASSERT_EQ(with(beyond).ignored.size(), 1U);
    EXPECT_EQ(with(beyond).ignored.front(),
              "Interval: expected 5 to 21600 s, found " + std::to_string(beyond));
  }
}

TEST(RecordDecision, WithoutAnAnswerTheTemplateSaysWhetherToRecord) {
  RecordingTemplate t = three_formats();
  EXPECT_EQ(said(decide_without_answer(t)), "no: the server that was asked did not answer");
  t.trigger.record_on_failure = true;
  EXPECT_EQ(said(decide_without_answer(t)), "mp4:1800 flv:1800 hls:0");
}

IngestParameters asking() {
  IngestParameters p;
  p.record = true;
  return p;
}

TEST(RecordDecision, APushUrlThatDoesNotAskIsNotRecorded) {
  EXPECT_EQ(said(decide(three_formats(), IngestParameters())), "no: the push URL does not ask for it");
  EXPECT_EQ(said(decide(three_formats(), asking())), "mp4:1800 flv:1800 hls:0");
}

TEST(RecordDecision, APushUrlMayNameFormatsThatTheTemplateHasNot) {
  RecordingTemplate t = three_formats();
  t.files[0].cycle = Seconds(300);
  t.hls->segment = Seconds(4);
  IngestParameters p = asking();
  p.formats = {Format::hls, Format::mp4, Format::aac};
  const RecordDecision decision = decide(t, p);
  EXPECT_EQ(said(decision), "mp4:300 aac:1800 hls:0");
  EXPECT_EQ(decision.recording->hls->segment, Seconds(4));
}

TEST(RecordDecision, ATemplateWithoutFormatsNeedsAPushUrlThatNamesSome) {
  RecordingTemplate off;
  off.name = "off";
  EXPECT_EQ(said(decide(off, asking())),
            "no: template 'off' has no formats, and the push URL names none either");
  IngestParameters p = asking();
  p.formats = {Format::flv};
  EXPECT_EQ(said(decide(off, p)), "flv:1800");
}

TEST(RecordDecision, RecordIntervalIsForFlvAndMp4Only) {
  IngestParameters p = asking();
  p.formats = {Format::flv, Format::mp4, Format::aac, Format::hls};
  p.cycle = Seconds(5400);
  EXPECT_EQ(said(decide(three_formats(), p)), "mp4:5400 flv:5400 aac:1800 hls:0");
  p.cycle = Seconds(7201);
  EXPECT_EQ(said(decide(three_formats(), p)), "mp4:1800 flv:1800 aac:1800 hls:0");
  EXPECT_EQ(decide(three_formats(), p).ignored.size(), 1U);
  p.cycle = Seconds(59);
  EXPECT_EQ(decide(three_formats(), p).ignored.front(), "record_interval: expected 60 to 7200 s");
}

TEST(RecordDecision, APushUrlSetsRetentionAndKindOfMedia) {
  RecordingTemplate t = three_formats();
  t.retention = Seconds(60);
  IngestParameters p = asking();
  EXPECT_EQ(decide(t, p).recording->retention, Seconds(60));
  EXPECT_FALSE(decide(t, p).audio_only);
  p.retention = Seconds(86400);
  p.audio_only = true;
  t.files[0].options.retention = Seconds(5);
  EXPECT_EQ(decide(t, p).recording->retention, Seconds(86400));
  EXPECT_EQ(decide(t, p).recording->files[0].options.retention, std::nullopt);
  EXPECT_TRUE(decide(t, p).audio_only);
  p.retention = Seconds(0);
  EXPECT_EQ(decide(t, p).recording->retention, std::nullopt);
}

TEST(RecordDecision, APushUrlRecordsTheOriginOnly) {
  RecordingTemplate t = three_formats();
  t.content = {Content{Content::Kind::watermarked, ""}};
  EXPECT_EQ(decide(t, asking()).recording->content, std::vector<Content>{Content{}});
  EXPECT_EQ(decide(t, yes()).recording->content, t.content);
}

TEST(RecordDecision, TheQuestionEscapesWhoPushes) {
  const PushIdentity push{"push.example.org", "li ve/x", "a&b=c#\xC3\xA9?", "txSecret=s"};
  EXPECT_EQ(question_url("https://ops.example.org/ask", push, {"h265", 2500}),
            "https://ops.example.org/ask?app=li%20ve%2Fx&domain=push.example.org"
            "&stream=a%26b%3Dc%23%C3%A9%3F&codec=h265&vbitrate=2500");
  EXPECT_EQ(question_url("http://h/p?k=v", {"d", "a", "s", ""}, {}),
            "http://h/p?k=v&app=a&domain=d&stream=s&codec=&vbitrate=0");
}

}  // namespace
}  // namespace rec
