// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_progress.h"

#include <gtest/gtest.h>

#include "core/model/live_rate.h"
#include "core/service/catalogue.h"
#include "core/service/running_recordings.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"

namespace rec::test {
namespace {

TEST(MediaCounts, OfRecordersSideBySideAreThoseOfTheOneThatGotMost) {
  const MediaCounts one{.video_frames = 100, .audio_frames = 7, .bytes = 50, .drops = {{{"", "empty"}, 2}}};
  const MediaCounts other{
      .video_frames = 90, .audio_frames = 9, .bytes = 60, .drops = {{{"", "empty"}, 1}, {{"hls", "x"}, 3}}};
  EXPECT_EQ(side_by_side(one, other), (MediaCounts{.video_frames = 100,
                                                   .audio_frames = 9,
                                                   .bytes = 60,
                                                   .drops = {{{"", "empty"}, 2}, {{"hls", "x"}, 3}}}));
}

TEST(MediaCounts, AreThoseSinceTheLastTime) {
  const MediaCounts before{.video_frames = 100, .bytes = 50, .drops = {{{"flv", "a"}, 2}, {{"flv", "b"}, 3}}};
  const MediaCounts now{.video_frames = 130, .bytes = 90, .drops = {{{"flv", "a"}, 2}, {{"flv", "b"}, 4}}};
  EXPECT_EQ(counted_since(before, now),
            (MediaCounts{.video_frames = 30, .bytes = 40, .drops = {{{"flv", "b"}, 1}}}));
}

TEST(MediaCounts, ThatBeganAnewCountFromThere) {
  const MediaCounts before{.video_frames = 100, .drops = {{{"flv", "a"}, 5}}};
  const MediaCounts now{.video_frames = 4, .drops = {{{"flv", "a"}, 2}}};
  EXPECT_EQ(counted_since(before, now), (MediaCounts{.video_frames = 4, .drops = {{{"flv", "a"}, 2}}}));
}

TEST(LiveRate, IsThatBetweenTheTwoLastTimesAtWhichSomethingCame) {
  constexpr UtcTime kStart{Seconds(1'700'000'000)};
  LiveRate rate;
  EXPECT_EQ(rate.bits_per_second(), 0);
  rate.add(kStart, kStart, 0);
  EXPECT_EQ(rate.bits_per_second(), 0) << "nothing came";
  rate.add(kStart, kStart + Seconds(10), 1'000'000);
  EXPECT_EQ(rate.bits_per_second(), 800'000) << "since its beginning";
  rate.add(kStart, kStart + Seconds(15), 2'000'000);
  EXPECT_EQ(rate.bits_per_second(), 1'600'000);
  rate.add(kStart, kStart + Seconds(15), 2'000'000);
  EXPECT_EQ(rate.bits_per_second(), 1'600'000) << "nothing new was written down";
  rate.add(kStart, kStart + Seconds(14), 9'000'000);
  rate.add(kStart, kStart + Seconds(20), 1'000);
  EXPECT_EQ(rate.bits_per_second(), 1'600'000) << "clocks and counters that go back say nothing";
}

class RunningRecordingsView : public testing::Test {
 protected:
  std::int64_t record(const char *session, Seconds begin) {
    NewRecording r = a_recording("a", session);
    r.started = kBegin + begin;
    return catalogue_.start_recording(r)->id;
  }
  static constexpr UtcTime kBegin{Seconds(1'700'000'000)};
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
};

TEST_F(RunningRecordingsView, HasWhatIsNotFinishedAndWhatIsOwedForAll) {
  const std::int64_t late = record("2", Seconds(5)), early = record("1", Seconds(0)), gone = record("3", {});
  NewSegment segment = a_segment(early, 0);
  ASSERT_TRUE(catalogue_.add_segment(segment));
  segment.recording_id = gone;
  ASSERT_TRUE(catalogue_.add_segment(segment));
  ASSERT_TRUE(catalogue_.finish_recording(gone, kBegin + Seconds(9), std::nullopt));
  const MediaCounts counts{.bytes = 77, .drops = {{{"hls", "repeated"}, 5}, {{"flv", "too-short"}, 2}}};
  ASSERT_TRUE(add_counts(catalogue_, late, counts, kBegin + Seconds(8)));

  const auto found = running_recordings(catalogue_);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->recordings.size(), 2U);
  const RunningRecording &first = found->recordings[0], &second = found->recordings[1];
  EXPECT_EQ(first.recording.id, early);
  EXPECT_EQ(first.bytes(), segment.size_bytes) << "its recorder does not count: what is stored";
  EXPECT_EQ(first.last_media(), kBegin + Seconds(10));
  EXPECT_EQ(first.owed.uploads, 1U);
  EXPECT_EQ(first.owed.upload_bytes, segment.size_bytes);
  EXPECT_EQ(second.bytes(), 77U);
  EXPECT_EQ(second.last_media(), kBegin + Seconds(8));
  EXPECT_EQ(second.lost_frames(), 2U) << "what was recorded before is not lost";
  EXPECT_EQ(second.owed.uploads, 0U);
  EXPECT_EQ(found->owed.uploads, 2U);
  EXPECT_EQ(found->owed.callbacks, catalogue_.owed()->callbacks);
}

class CatalogueProgress : public testing::Test {
 protected:
  void SetUp() override { id_ = catalogue_.start_recording(a_recording("a"))->id; }
  RecordingProgress progress() {
    const auto found = progress_of(catalogue_.connection(), id_);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  void add_segment(std::uint64_t sequence, Nanoseconds from_begin, Nanoseconds length) {
    NewSegment segment = a_segment(id_, sequence);
    segment.started = kBegin + std::chrono::duration_cast<std::chrono::microseconds>(from_begin);
    segment.duration = length;
    segment.size_bytes = 1000;
    const Status added = catalogue_.add_segment(segment);
    EXPECT_TRUE(added) << added.error().message;
  }

  static constexpr UtcTime kBegin{Seconds(1'700'000'000)};
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  std::int64_t id_ = 0;
};

TEST_F(CatalogueProgress, OfANewRecordingIsNothing) {
  const RecordingProgress none = progress();
  EXPECT_EQ(none.counted, MediaCounts{});
  EXPECT_FALSE(none.last_media);
  EXPECT_FALSE(none.recorded_until);
  EXPECT_TRUE(none.gaps.empty());
}

TEST_F(CatalogueProgress, AddsUpWhatRecordersCount) {
  const MediaCounts counts{
      .video_frames = 25, .audio_frames = 43, .bytes = 9000, .drops = {{{"hls", "x"}, 2}}};
  ASSERT_TRUE(add_counts(catalogue_, id_, counts, kBegin + Seconds(5)));
  ASSERT_TRUE(add_counts(catalogue_, id_, counts, kBegin + Seconds(3)));
  ASSERT_TRUE(add_counts(catalogue_, id_, {.drops = {{{"", "empty"}, 1}}}, std::nullopt));
  EXPECT_EQ(progress().counted, (MediaCounts{.video_frames = 50,
                                             .audio_frames = 86,
                                             .bytes = 18000,
                                             .drops = {{{"", "empty"}, 1}, {{"hls", "x"}, 4}}}));
  EXPECT_EQ(progress().last_media, kBegin + Seconds(5)) << "it does not go back";
}

TEST_F(CatalogueProgress, CountsSegmentsAndTheGapsBetweenThem) {
  NewSegment map = a_segment(id_, 100);
  map.duration = Nanoseconds(0);
  map.size_bytes = 7;
  ASSERT_TRUE(catalogue_.add_segment(map));
  add_segment(0, Seconds(0), Seconds(10));
  add_segment(1, Seconds(10), Seconds(10));
  add_segment(1, Seconds(10), Seconds(10));                             // told twice
  add_segment(2, Seconds(20) + Milliseconds(400), Milliseconds(9600));  // arrival times vary
  EXPECT_TRUE(progress().gaps.empty());
  add_segment(3, Seconds(42), Seconds(10));
  add_segment(4, Seconds(55), Seconds(5));
  const RecordingProgress found = progress();
  EXPECT_EQ(found.segments, 5U);
  EXPECT_EQ(found.stored_bytes, 5007U);
  EXPECT_EQ(found.segment_media, Seconds(44) + Milliseconds(600));
  EXPECT_EQ(found.recorded_until, kBegin + Seconds(60));
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps.at("interruption").gaps, 2U);
  EXPECT_EQ(found.gaps.at("interruption").length, Seconds(15));
}

TEST_F(CatalogueProgress, CountsFilesWhenTheyAreOwed) {
  ASSERT_TRUE(catalogue_.open_file(an_open_file(id_)));
  EXPECT_EQ(progress().stored_bytes, 0U);
  ASSERT_TRUE(catalogue_.close_file(a_closed_file(id_)));
  EXPECT_EQ(progress().stored_bytes, a_closed_file(id_).size_bytes);
}

}  // namespace
}  // namespace rec::test
