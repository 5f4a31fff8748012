// SPDX-License-Identifier: LGPL-2.1-or-later
// What recsink makes of timestamps, gaps and flushes: docs/timestamps.md, row by row.
#include <cmath>

#include "tests/pipeline/recsink_times_fixture.h"

namespace rec::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(RecSinkTimes, ARestartAtZeroIsABreakAndAJump) {
  publisher_.send({{"video", video().moved(hours(1))}, {"audio_0", audio().moved(hours(1))}});
  publisher_.send({{"video", video()}, {"audio_0", audio()}});
  finish();
  expect_all({video(), video()}, {audio(), audio()}, 2);
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-8, 1}, {-9, 1}}));
}

TEST_F(RecSinkTimes, AStepBackOfHalfASecondIsABreakAndLosesNothing) {
  const Media v1 = video().part(seconds(0), seconds(3), seconds(0));
  const Media v2 = video().part(seconds(3), seconds(6), milliseconds(2500));
  const Media a1 = audio().part(seconds(0), seconds(3), seconds(0));
  const Media a2 = audio().part(seconds(3), seconds(6), milliseconds(2500));
  publisher_.send({{"video", v1}, {"audio_0", a1}});
  publisher_.send({{"video", v2}, {"audio_0", a2}});
  finish();
  expect_all({v1, v2}, {a1, a2}, 2);
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-8, 1}, {-9, 1}}));
}

TEST_F(RecSinkTimes, AStepBackOfATenthIsJitter) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}},
                  [i = 0](const std::string &, GstBuffer *b) mutable {
                    if (++i % 10 == 0 && GST_BUFFER_PTS(b) > GST_SECOND) {
                      GST_BUFFER_PTS(b) -= 100 * GST_MSECOND;
                      GST_BUFFER_DTS(b) -= 100 * GST_MSECOND;
                    }
                    return true;
                  });
  finish();
  expect_all({video()}, {audio()}, 1);
  EXPECT_EQ(exceptions().count(-9), 0u);
}

struct Hole {
  Nanoseconds length;
  std::size_t files;
};
class RecSinkHole : public RecSinkTimes, public ::testing::WithParamInterface<Hole> {};

TEST_P(RecSinkHole, LosesNothingAndLastsAsLongAsTheFileThatHoldsIt) {
  const auto resumes = seconds(3) + GetParam().length;
  const Media v1 = video().part(seconds(0), seconds(3), seconds(0));
  const Media a1 = audio().part(seconds(0), seconds(3), seconds(0));
  const Media v2 = video().part(seconds(3), seconds(6), resumes);
  const Media a2 = audio().part(seconds(3), seconds(6), resumes);
  publisher_.send({{"video", v1}, {"audio_0", a1}});
  publisher_.send({{"video", v2}, {"audio_0", a2}});
  finish();
  expect_all({v1, v2}, {a1, a2}, GetParam().files);
  const Nanoseconds expected = GetParam().files == 1 ? resumes + seconds(3) : Nanoseconds(seconds(3));
  for (const std::string &file : files("mp4"))
    EXPECT_LT(std::abs((duration_of(file) - duration_cast<microseconds>(expected)).count()), 200000);
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-8, 1}, {-9, 1}}));
}
INSTANTIATE_TEST_SUITE_P(Lengths, RecSinkHole,
                         ::testing::Values(Hole{seconds(5), 1}, Hole{hours(1), 2}, Hole{hours(72), 2}));

class RecSinkWrap : public RecSinkTimes, public ::testing::WithParamInterface<Nanoseconds> {};

TEST_P(RecSinkWrap, IsContinuedWithoutABreak) {
  const Nanoseconds wrap = GetParam();
  VideoSpec spec;
  spec.bframes = 2;
  const Nanoseconds begin = wrap - milliseconds(3010);
  const Media v = video(spec).moved(begin);
  const Media a = audio().moved(begin + milliseconds(300));
  publisher_.send({{"video", v}, {"audio_0", a}}, [&](const std::string &, GstBuffer *b) {
    GST_BUFFER_PTS(b) %= clock_time(wrap);
    GST_BUFFER_DTS(b) %= clock_time(wrap);
    return true;
  });
  finish();
  expect_all({v}, {a}, 1);
  EXPECT_EQ(exceptions().size(), 0u);
  for (const std::string format : {"flv", "mp4"}) {
    const std::string file = files(format).at(0);
    const auto sent = a.units[0].pts - v.units[0].pts;
    EXPECT_LT(std::abs((audio_offset(file) - duration_cast<microseconds>(sent)).count()), 1100);
    const auto packets = packets_of(file)["video"];
    for (std::size_t i = 1; i < packets.size(); ++i)
      EXPECT_NEAR(static_cast<double>((*packets[i].dts - *packets[i - 1].dts).count()), 40000, 1100) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(Counters, RecSinkWrap, ::testing::Values(kRtmpWrap, kTsWrap));

// Which timestamps are missing, and of how many B-frames.
struct Missing {
  bool dts;
  bool pts;
  unsigned bframes;
};
class RecSinkMissing : public RecSinkTimes, public ::testing::WithParamInterface<Missing> {};

TEST_P(RecSinkMissing, TimestampsAreFoundOrEstimated) {
  const Missing missing = GetParam();
  VideoSpec spec;
  spec.bframes = missing.bframes;
  publisher_.send({{"video", video(spec)}, {"audio_0", audio()}}, [&](const std::string &, GstBuffer *b) {
    if (missing.dts) GST_BUFFER_DTS(b) = GST_CLOCK_TIME_NONE;
    if (missing.pts) GST_BUFFER_PTS(b) = GST_CLOCK_TIME_NONE;
    return true;
  });
  finish();
  expect_all({video(spec)}, {audio()}, 1);
  for (const std::string format : {"flv", "mp4"}) {
    const auto length = duration_of(files(format).at(0));
    EXPECT_NEAR(std::chrono::duration<double>(length).count(), 6.0, 0.2) << format;
  }
  const bool none = missing.dts && missing.pts;
  EXPECT_EQ(exceptions().count(-11), none ? 1u : 0u);
  EXPECT_EQ(intake("estimated-times") > 0, none);
}
INSTANTIATE_TEST_SUITE_P(Kinds, RecSinkMissing,
                         ::testing::Values(Missing{true, false, 0}, Missing{true, false, 2},
                                           Missing{false, true, 0}, Missing{false, true, 2},
                                           Missing{true, true, 0}, Missing{true, true, 2}));

TEST_F(RecSinkTimes, NegativeDtsKeepsTheDistanceOfTheTracks) {
  VideoSpec spec;
  spec.bframes = 2;
  const Nanoseconds start = video(spec).units.at(0).pts;  // DTS begin before the segment
  publisher_.connect("video");
  publisher_.begin("video", video(spec).caps);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = clock_time(start);
  publisher_.event("video", gst_event_new_segment(&segment));
  publisher_.send({{"video", video(spec)}, {"audio_0", audio()}});
  finish();
  expect_all({video(spec)}, {audio()}, 1);
  for (const std::string format : {"flv", "mp4"})
    EXPECT_LT(std::abs(audio_offset(files(format).at(0)).count()), 1100) << format;
  EXPECT_TRUE(exceptions().empty());
}

TEST_F(RecSinkTimes, MediaBeforeTheSegmentIsRecordedToo) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = 12 * GST_SECOND;
  segment.stop = 13 * GST_SECOND;
  for (const std::string pad : {"video", "audio_0"}) {
    publisher_.connect(pad);
    publisher_.begin(pad, pad == "video" ? video().caps : audio().caps);
    publisher_.event(pad, gst_event_new_segment(&segment));
  }
  publisher_.send({{"video", video().moved(seconds(10))}, {"audio_0", audio().moved(seconds(10))}});
  finish();
  expect_all({video()}, {audio()}, 1);
}

TEST_F(RecSinkTimes, ASegmentWithABaseGoesOnInRunningTime) {
  const auto half = seconds(3);
  const Media v1 = video().part(seconds(0), half, seconds(0));
  const Media a1 = audio().part(seconds(0), half, seconds(0));
  const Media v2 = video().part(half, seconds(6), seconds(100));
  const Media a2 = audio().part(half, seconds(6), seconds(100));
  publisher_.send({{"video", v1}, {"audio_0", a1}});
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = 100 * GST_SECOND - 2 * GST_SECOND;
  segment.offset = 2 * GST_SECOND;
  segment.base = 3 * GST_SECOND;
  for (const std::string pad : {"video", "audio_0"}) publisher_.event(pad, gst_event_new_segment(&segment));
  publisher_.send({{"video", v2}, {"audio_0", a2}});
  finish();
  expect_all({v1, v2}, {a1, a2}, 1);
  EXPECT_TRUE(exceptions().empty());
}

TEST_F(RecSinkTimes, MediaWithoutTimeIsRefusedCountedAndTold) {
  publisher_.connect("video");
  publisher_.begin("video", video().caps);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  publisher_.event("video", gst_event_new_segment(&segment));
  publisher_.send({{"video", video()}});
  EXPECT_EQ(intake("dropped-refused"), 150u);
  gst_segment_init(&segment, GST_FORMAT_TIME);
  publisher_.event("video", gst_event_new_segment(&segment));
  publisher_.send({{"video", video()}});
  finish();
  for (const std::string format : {"flv", "mp4"})
    EXPECT_EQ(difference(hashes_stored(files(format), "video"), hashes_sent({video()})), "") << format;
  EXPECT_NE(warnings_in(messages_).find("not in time"), std::string::npos);
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-130, 150}}));
  EXPECT_EQ(intake("received"), intake("handed-on") + intake("dropped-refused"));
}

TEST_F(RecSinkTimes, AListOfBuffersIsRecordedLikeSingleOnes) {
  publisher_.connect("audio_0");
  publisher_.send_list("video", video());
  publisher_.send_list("audio_0", audio());
  finish();
  expect_all({video()}, {audio()}, 1);
}

TEST_F(RecSinkTimes, GapsKeepNobodyWaiting) {
  publisher_.connect("audio_0");
  publisher_.begin("audio_0", audio().caps);
  publisher_.send({{"video", video()}}, [&](const std::string &, GstBuffer *b) {
    publisher_.event("audio_0", gst_event_new_gap(GST_BUFFER_PTS(b), 40 * GST_MSECOND));
    return true;
  });
  EXPECT_LT(intake("held"), 15u);  // of 150: what one burst gathers
  publisher_.event("audio_0", gst_event_new_gap(GST_CLOCK_TIME_NONE - 1, GST_CLOCK_TIME_NONE - 1));
  publisher_.event("audio_0", gst_event_new_gap(0, GST_CLOCK_TIME_NONE - 1));
  finish();
  expect_all({video()}, {}, 1);
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-17, 1}}));
}

TEST_F(RecSinkTimes, ATrackThatNeverComesIsTold) {
  publisher_.connect("video");
  publisher_.send({{"audio_0", audio()}});
  finish();
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-18, 1}}));
  EXPECT_EQ(difference(hashes_stored(files("mp4"), "audio"), hashes_sent({audio()})), "");
}

TEST_F(RecSinkTimes, ATrackThatStartsLateKeepsItsTime) {
  const Media late = audio().part(seconds(3), seconds(6), milliseconds(3005));
  publisher_.connect("audio_0");
  publisher_.send({{"video", video()}, {"audio_0", late}});
  finish();
  expect_all({video()}, {late}, files("mp4").size());
  EXPECT_LE(files("mp4").size(), 2u);
  std::size_t frames_before = 0;
  for (const std::string &file : files("mp4")) {
    Packets packets = packets_of(file);
    if (!packets["audio"].empty()) {
      const auto video_sent = duration_cast<microseconds>(video().units.at(frames_before).pts);
      EXPECT_LT(std::abs((audio_offset(file) - (microseconds(3005000) - video_sent)).count()), 22000);
    }
    frames_before += packets["video"].size();
  }
}

TEST_F(RecSinkTimes, ATrackAtAnotherSpeedIsKeptAsSentUntilNobodyCanWaitForIt) {
  VideoSpec spec;
  spec.frames = 1000;
  publisher_.send({{"video", video(spec)}, {"audio_0", audio({.frames = 1875})}},
                  [](const std::string &pad, GstBuffer *b) {
                    if (pad == "audio_0") {
                      GST_BUFFER_PTS(b) /= 10;
                      GST_BUFFER_DTS(b) /= 10;
                    }
                    return true;
                  });
  EXPECT_LE(intake("held"), 31u * 25 + 1875);
  finish();
  for (const std::string format : {"flv", "mp4"})
    EXPECT_EQ(difference(hashes_stored(files(format), "video"), hashes_sent({video(spec)})), "") << format;
  EXPECT_EQ(difference(hashes_stored(files("flv"), "audio"), hashes_sent({audio({.frames = 1875})})), "");
  // MP4 ends a track that nobody waits for, and takes it again where a file begins: at the next keyframe.
  EXPECT_EQ(hashes_stored(files("mp4"), "audio").size() + of_format("mp4", "dropped-before-keyframe"),
            audio({.frames = 1875}).units.size());
  EXPECT_GT(exceptions()[-10], 0u);
}

class RecSinkFrozen : public RecSinkTimes, public ::testing::WithParamInterface<std::string> {};

TEST_P(RecSinkFrozen, TimeGoesOnByTheUsualDistance) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}}, [](const std::string &pad, GstBuffer *b) {
    if (pad == GetParam() && GST_BUFFER_DTS(b) > GST_SECOND)
      GST_BUFFER_PTS(b) = GST_BUFFER_DTS(b) = GST_SECOND;
    return true;
  });
  finish();
  expect_all({video()}, {audio()}, 1);
  EXPECT_EQ(exceptions().size(), 1u);
  EXPECT_EQ(exceptions().count(GetParam() == "video" ? -23 : -22), 1u);
  const auto last = packets_of(files("mp4").at(0))[GetParam().substr(0, 5)].back();
  EXPECT_GT(*last.pts, seconds(4));
}
INSTANTIATE_TEST_SUITE_P(Tracks, RecSinkFrozen, ::testing::Values("video", "audio_0"));

TEST_F(RecSinkTimes, AFlushIsABreakAndKeepsWhatCame) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}});
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  for (const std::string pad : {"video", "audio_0"}) {
    publisher_.event(pad, gst_event_new_flush_start());
    publisher_.event(pad, gst_event_new_flush_stop(TRUE));
    publisher_.event(pad, gst_event_new_segment(&segment));
  }
  publisher_.send({{"video", video().moved(seconds(6))}, {"audio_0", audio().moved(seconds(6))}});
  finish();
  expect_all({video(), video()}, {audio(), audio()}, 2);
  EXPECT_TRUE(exceptions().empty());
}

TEST_F(RecSinkTimes, AFlushAfterTheEndBeginsAnotherPush) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}});
  publisher_.end_all();
  EXPECT_TRUE(wait_for_message(publisher_.pipeline(), GST_MESSAGE_EOS));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  for (const std::string pad : {"video", "audio_0"}) {
    publisher_.event(pad, gst_event_new_flush_start());
    publisher_.event(pad, gst_event_new_flush_stop(TRUE));
    publisher_.event(pad, gst_event_new_segment(&segment));
  }
  publisher_.resume();
  publisher_.send({{"video", video()}, {"audio_0", audio()}});
  finish();
  EXPECT_EQ(difference(hashes_stored(files("mp4"), "video"), hashes_sent({video()})), "");
  EXPECT_EQ(difference(hashes_stored(files("mp4"), "audio"), hashes_sent({audio()})), "");
}

}  // namespace
}  // namespace rec::test
