// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_timeline.h"

#include <gtest/gtest.h>

#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class RecordingTimeline : public testing::Test {
 protected:
  static UtcTime at(int second) { return UtcTime(Seconds(1'700'000'000 + second)); }

  std::int64_t start(int second, const std::string &session_id = "1") {
    NewRecording r = a_recording("me", session_id);
    r.started = at(second);
    return catalogue_.start_recording(r)->id;
  }
  void add_segment(std::int64_t id, int second, int length = 10, bool discontinuity = false) {
    NewSegment s = a_segment(id, ++sequence_);
    s.started = at(second);
    s.duration = Seconds(length);
    s.discontinuity = discontinuity;
    ASSERT_TRUE(catalogue_.add_segment(s));
  }
  void finish(std::int64_t id, int second) {
    ASSERT_TRUE(catalogue_.finish_recording(id, at(second), std::nullopt));
  }
  // "0-20@0 20-60(interruption) 60-70@20", in seconds.
  static std::string text_of(const Result<std::vector<TimelineSpan>> &timeline) {
    if (!timeline) return timeline.error().message;
    std::string text;
    for (const TimelineSpan &span : *timeline) {
      const auto second = [](UtcTime t) { return std::to_string((t - at(0)) / Seconds(1)); };
      text += (text.empty() ? "" : " ") + second(span.start) + "-" + second(span.end);
      text += span.kind == SpanKind::gap ? "(" + span.reason + ")"
                                         : "@" + std::to_string(span.media_start / Seconds(1));
    }
    return text;
  }
  std::string timeline(std::int64_t id) { return text_of(timeline_of(catalogue_, id)); }
  std::string timeline(int from, int to) {
    return text_of(timeline_of(catalogue_, a_push(), at(from), at(to)));
  }

  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  std::uint64_t sequence_ = 0;
};

TEST_F(RecordingTimeline, HasTheGapsOfAnHlsRecording) {
  const std::int64_t id = start(0);
  add_segment(id, 0, 0);  // an initialisation section
  add_segment(id, 0);
  add_segment(id, 10);
  add_segment(id, 60, 10, true);
  add_segment(id, 70, 10, true);
  EXPECT_EQ(timeline(id), "0-20@0 20-60(interruption) 60-70@20 70-80@30");
  EXPECT_EQ(timeline_of(catalogue_, id)->front().recording_id, id);
  EXPECT_EQ(timeline_of(catalogue_, 99).error().code, Errc::not_found);
}

TEST_F(RecordingTimeline, SaysWhatTheRecorderSaidAboutAGap) {
  const std::int64_t id = start(0);
  add_segment(id, 0);
  ASSERT_TRUE(catalogue_.connection().run("UPDATE recording_callback SET events = 'exception'"));
  clock_.advance(Seconds(15));
  ASSERT_TRUE(catalogue_.tell_exception(
      id,
      {.report = {.type = ExceptionType::no_video, .track = "video", .occurs = 1, .description = "silent"}}));
  add_segment(id, 30);
  add_segment(id, 60);
  EXPECT_EQ(timeline(id), std::string("0-10@0 10-30(") + meaning_of(ExceptionType::no_video) +
                              ") 30-40@10 40-60(interruption) 60-70@20");
}

TEST_F(RecordingTimeline, IsThatOfOneFormatWithoutHls) {
  const std::int64_t id = start(0);
  for (const int second : {0, 100}) {
    for (const Format format : {Format::flv, Format::mp4}) {
      const std::string temp = "/spool/." + std::to_string(second) + std::string(name_of(format));
      OpenedFile opened = an_open_file(id, temp);
      opened.format = format;
      opened.started = at(second);
      ASSERT_TRUE(catalogue_.open_file(opened));
      ClosedFile closed = a_closed_file(id, temp);
      closed.path = temp + ".done";
      closed.started = at(second);
      closed.ended = at(second + 50);
      closed.duration = Seconds(50);
      ASSERT_TRUE(catalogue_.close_file(closed));
    }
  }
  EXPECT_EQ(timeline(id), "0-50@0 50-100(interruption) 100-150@50");
}

TEST_F(RecordingTimeline, LastsUntilNowWhileItIsRecorded) {
  const std::int64_t id = start(0);
  OpenedFile opened = an_open_file(id);
  opened.started = at(0);
  ASSERT_TRUE(catalogue_.open_file(opened));
  clock_.advance(Seconds(40));
  EXPECT_EQ(timeline(id), "0-40@0");
  const std::int64_t hls = start(0, "2");
  add_segment(hls, 0);
  EXPECT_EQ(timeline(hls), "0-10@0") << "the next segment is being written";
  ASSERT_TRUE(*catalogue_.pause_recording(hls, "me", at(100)));
  EXPECT_EQ(timeline(hls), "0-10@0 10-40(interruption)");
}

TEST_F(RecordingTimeline, OfAClipIsThatOfTheSegmentsItNames) {
  const std::int64_t id = start(0);
  for (const int second : {0, 10, 20, 30}) add_segment(id, second);
  const std::int64_t clip = start(10, "2");
  ASSERT_TRUE(catalogue_.connection().run(
      "INSERT INTO clip_segment (recording_id, position, segment_id) VALUES (2, 0, 2), (2, 1, 3)"));
  EXPECT_EQ(timeline(clip), "10-30@0");
}

TEST_F(RecordingTimeline, OfAStreamSpansItsRecordings) {
  const std::int64_t first = start(0);
  add_segment(first, 0);
  add_segment(first, 10);
  add_segment(first, 40);
  finish(first, 50);
  const std::int64_t second = start(100, "2");
  add_segment(second, 100);
  add_segment(second, 110);
  finish(second, 120);
  const std::int64_t same_time = start(105, "3");  // by another template
  add_segment(same_time, 105);
  add_segment(same_time, 115);
  finish(same_time, 125);
  NewRecording other = a_recording("me", "4");
  other.push.stream = "cam2";
  ASSERT_TRUE(catalogue_.start_recording(other));
  EXPECT_EQ(timeline(0, 200),
            "0-20@0 20-40(interruption) 40-50@20 50-100(not recorded) 100-120@0 120-125@15");
  EXPECT_EQ(timeline(15, 105), "15-20@15 20-40(interruption) 40-50@20 50-100(not recorded) 100-105@0");
  EXPECT_EQ(timeline(60, 90), "");
  EXPECT_EQ(timeline(45, 90), "45-50@25");
}

}  // namespace
}  // namespace rec
