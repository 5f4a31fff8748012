// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recovery.h"
#include "core/model/cmaf_fragment.h"
#include "core/model/cmaf_init.h"

#include <gtest/gtest.h>

#include "core/model/media_playlist.h"
#include "core/service/owner_lease.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

constexpr UtcTime kStart{Seconds(1'700'000'000)};

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    const auto lease = OwnerLease::create(path_);
    dead_ = lease->id();
  }
  RecoveryReport run() {
    const auto report = recover(catalogue_, path_, me_.id(), clock_);
    EXPECT_TRUE(report) << report.error().message;
    for (const Error &e : report->errors) ADD_FAILURE() << e.message;
    return *report;
  }
  std::int64_t start(NewRecording n) {
    n.owner = dead_;
    n.directory = dir_.path();
    return catalogue_.start_recording(n)->id;
  }
  static std::string adts(int frames) {
    std::string aac;
    for (int i = 0; i < frames; ++i) aac += "\xff\xf1\x50\x80\x02\x1f\xfc" + std::string(9, 'x');
    return aac;
  }
  std::int64_t open_aac(const std::string &pattern) {
    const std::int64_t id = start(test::a_recording(""));
    OpenedFile f = test::an_open_file(id, dir_ / ".a.aac.part");
    f.format = Format::aac;
    f.location_pattern = dir_ / pattern;
    EXPECT_TRUE(catalogue_.open_file(f));
    return id;
  }
  // Real time, since file times are real.
  const SystemClock clock_;
  test::TempDir dir_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  OwnerLease me_ = *OwnerLease::create(path_);
  std::string dead_;
};

TEST_F(RecoveryTest, FinishesNamesAndAnnouncesTheFileOfADeadRecorder) {
  const std::int64_t id = open_aac("rec_{EscapedEndTime}.aac");
  test::write_file(dir_ / ".a.aac.part", adts(431) + "\xff\xf1\x50\x80");
  const RecoveryReport report = run();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.finished, 1U);
  const StoredFile file = catalogue_.files(id)->front();
  EXPECT_EQ(file.state, FileState::closed);
  EXPECT_EQ(file.facts.path, dir_ / "rec_2023-11-14-22-13-30.aac");
  EXPECT_EQ(file.facts.ended, kStart + std::chrono::microseconds(10'007'800));
  EXPECT_EQ(file.facts.audio_frames, 431U);
  EXPECT_EQ(test::read_file(file.facts.path), adts(431));
  EXPECT_EQ(catalogue_.recording(id)->state, RecordingState::finished);
  EXPECT_EQ(catalogue_.owed()->uploads, 1U);
  EXPECT_EQ(catalogue_.owed()->callbacks, 1U);
  run();
  EXPECT_EQ(catalogue_.owed()->uploads, 1U) << "a second recovery finds nothing";
}

TEST_F(RecoveryTest, LeavesTheLivingAlone) {
  const auto living = OwnerLease::create(path_);
  const std::int64_t id = open_aac("a.aac");
  ASSERT_TRUE(*catalogue_.take_over(id, dead_, living->id()));
  test::write_file(dir_ / ".a.aac.part", adts(10));
  EXPECT_EQ(run().files, 0U);
  EXPECT_EQ(catalogue_.files(id)->front().state, FileState::open);
}

TEST_F(RecoveryTest, FindsTheFileThatWasRenamedBeforeItsRowWasWritten) {
  const std::int64_t id = open_aac("rec_{EscapedEndTime}.aac");
  test::write_file(dir_ / "rec_2023-11-14-22-13-31-1.aac", adts(10));
  test::write_file(dir_ / "recent.aac", adts(20));
  EXPECT_EQ(run().files, 1U);
  EXPECT_EQ(catalogue_.files(id)->front().facts.path, dir_ / "rec_2023-11-14-22-13-31-1.aac");
}

TEST_F(RecoveryTest, NeverReplacesAFile) {
  const std::int64_t id = open_aac("a.aac");
  test::write_file(dir_ / "a.aac", "somebody else's");
  test::write_file(dir_ / ".a.aac.part", adts(10));
  run();
  EXPECT_EQ(test::read_file(dir_ / "a.aac"), "somebody else's");
  EXPECT_EQ(catalogue_.files(id)->front().facts.path, dir_ / "a-1.aac");
}

TEST_F(RecoveryTest, SaysWhenNothingPlayableIsLeft) {
  const std::int64_t id = open_aac("a.aac");
  test::write_file(dir_ / ".a.aac.part", "");
  EXPECT_EQ(run().failed, 1U);
  const StoredFile file = catalogue_.files(id)->front();
  EXPECT_EQ(file.state, FileState::failed);
  EXPECT_NE(file.error.find("no whole ADTS frame"), std::string::npos);
  EXPECT_EQ(catalogue_.owed()->callbacks, 0U);
}

TEST_F(RecoveryTest, EndsThePushesOfTheDead) {
  ASSERT_TRUE(catalogue_.begin_push(dead_, test::a_push(), "default"));
  run();
  EXPECT_EQ(catalogue_.push_counts(dead_)->open, 0U);
}

TEST_F(RecoveryTest, AFileThatMayBeContinuedWaitsForItsPush) {
  const auto record = [&](const std::string &name, Nanoseconds splice_timeout, UtcTime started) {
    NewRecording n = test::a_recording("", name);
    n.splice_timeout = splice_timeout;
    n.started = started;
    const std::int64_t id = start(n);
    OpenedFile f = test::an_open_file(id, dir_ / ("." + name));
    f.format = Format::aac;
    f.location_pattern = dir_ / (name + ".aac");
    f.started = started;
    f.push_id = *catalogue_.begin_push(dead_, test::a_push(), "default");
    f.may_be_continued = true;
    EXPECT_TRUE(catalogue_.open_file(f));
    test::write_file(dir_ / ("." + name), adts(431));
    return id;
  };
  const std::int64_t waits = record("1", Seconds(3600), clock_.now_utc());
  const std::int64_t is_over = record("2", Nanoseconds(1), kStart);
  EXPECT_EQ(run().paused, 1U);
  EXPECT_EQ(catalogue_.recording(waits)->state, RecordingState::paused);
  EXPECT_GT(*catalogue_.recording(waits)->resume_until, clock_.now_utc() + Seconds(3500));
  EXPECT_EQ(catalogue_.files(waits)->front().state, FileState::closed);
  EXPECT_EQ(catalogue_.recording(waits)->owner, "");
  EXPECT_EQ(catalogue_.recording(is_over)->state, RecordingState::finished);
  EXPECT_EQ(catalogue_.owed()->uploads, 1U) << "of the one whose time is over";
}

// A playlist with one listed segment and one in the making.
class PlaylistRecoveryTest : public RecoveryTest {
 protected:
  std::int64_t record(Nanoseconds splice_timeout) {
    NewRecording n = test::a_recording("");
    n.splice_timeout = splice_timeout;
    n.playlist_path = dir_ / "live/p.m3u8";
    MediaPlaylist playlist;
    playlist.target_duration = Seconds(10);
    playlist.type = PlaylistType::event;
    MediaSegment s;
    s.uri = "segment00000.ts";
    s.duration = Seconds(10);
    playlist.segments.push_back(s);
    playlist.open =
        OpenSegment{.uri = "segment00001.ts", .discontinuity = false, .program_date_time = {}, .map = {}};
    test::write_file(n.playlist_path, *write_playlist(playlist));
    test::write_file(dir_ / "live/segment00000.ts", std::string(188, 'G'));
    return start(n);
  }
  MediaPlaylist playlist() { return *parse_playlist(test::read_file(dir_ / "live/p.m3u8")); }
};

TEST_F(PlaylistRecoveryTest, KeepsARecordingOpenForTheNextPush) {
  const std::int64_t id = record(Seconds(180));
  EXPECT_EQ(run().paused, 1U);
  const auto r = catalogue_.recording(id);
  EXPECT_EQ(r->state, RecordingState::paused);
  EXPECT_EQ(r->owner, "");
  EXPECT_GT(*r->resume_until, clock_.now_utc() + Seconds(150));
  EXPECT_FALSE(playlist().end_list);
  EXPECT_EQ(run().paused, 0U) << "it waits as it should";
  EXPECT_TRUE(catalogue_.claim_paused(test::like("next", test::a_push(), "default"))->has_value());
}

TEST_F(PlaylistRecoveryTest, FinishesARecordingWhoseTimeIsOver) {
  const std::int64_t id = record(Seconds(180));
  ASSERT_TRUE(*catalogue_.pause_recording(id, dead_, clock_.now_utc() - Seconds(1)));
  EXPECT_EQ(run().finished, 1U);
  EXPECT_EQ(catalogue_.recording(id)->state, RecordingState::finished);
  EXPECT_TRUE(playlist().end_list);
  EXPECT_EQ(playlist().type, PlaylistType::vod);
  EXPECT_EQ(catalogue_.segments(id)->size(), 1U) << "also those whose row was not written";
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
  EXPECT_EQ(catalogue_.owed()->callbacks, 1U);
  const StoredFile file = catalogue_.files(id)->front();
  EXPECT_EQ(file.format, Format::hls);
  EXPECT_EQ(file.facts.duration, Seconds(10));
}

// One track of two keyframes, a second each, and what came of a third.
std::string torn_fragments() {
  std::string text = write_cmaf_segment_type();
  for (std::uint32_t i = 0; i < 3; ++i)
    text += write_cmaf_fragment(i, {{1, i * kCmafTimescale, true, {{5, kCmafTimescale, 0, true}}}}) + "frame";
  return text.substr(0, text.size() - 1);
}

TEST_F(PlaylistRecoveryTest, ListsTheWholeFragmentsOfATornSegmentAndOwesItsInitialisationSection) {
  const std::int64_t id = record(Seconds(0));
  MediaPlaylist begun = playlist();
  begun.version = 6;
  begun.segments.clear();
  begun.open = OpenSegment{"s0.m4s", false, std::nullopt, MediaMap{"s0-init.mp4", {}}};
  test::write_file(dir_ / "live/p.m3u8", *write_playlist(begun));
  test::write_file(dir_ / "live/s0-init.mp4", "init");
  test::write_file(dir_ / "live/.s0.m4s.part", torn_fragments());
  EXPECT_EQ(run().finished, 1U);
  ASSERT_EQ(playlist().segments.size(), 1U);
  EXPECT_EQ(playlist().segments[0].duration, Seconds(2));
  EXPECT_EQ(playlist().segments[0].map, (MediaMap{"s0-init.mp4", {}}));
  const std::string kept = test::read_file(dir_ / "live/s0.m4s");
  EXPECT_LT(kept.size(), torn_fragments().size());
  EXPECT_TRUE(kept.ends_with("frame"));
  const auto rows = catalogue_.segments(id);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->at(0).path, dir_ / "live/s0-init.mp4");
  EXPECT_EQ(rows->at(0).duration, Seconds(0));
  EXPECT_EQ(rows->at(1).path, dir_ / "live/s0.m4s");
  EXPECT_EQ(catalogue_.owed()->uploads, 3U) << "the playlist, too";
}

TEST_F(PlaylistRecoveryTest, WithoutASpliceTimeoutTheEndIsTheEnd) {
  const std::int64_t id = record(Seconds(0));
  EXPECT_EQ(run().finished, 1U);
  EXPECT_EQ(catalogue_.recording(id)->state, RecordingState::finished);
}

TEST_F(PlaylistRecoveryTest, OneOfManyFinishesIt) {
  record(Seconds(0));
  Catalogue other = *Catalogue::open(path_, clock_);
  const auto lease = OwnerLease::create(path_);
  EXPECT_EQ(run().finished + recover(other, path_, lease->id(), clock_)->finished, 1U);
}

}  // namespace
}  // namespace rec
