// SPDX-License-Identifier: LGPL-2.1-or-later
// What callbacks are told about a recording, in which order; and the log of it.
#include "core/service/catalogue_events.h"

#include <gtest/gtest.h>

#include "core/io/sqlite.h"
#include "core/service/catalogue.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

const RecordingEvents kEverything(all_events().begin(), all_events().end());

class CatalogueEvents : public testing::Test {
 protected:
  // Without a store: callbacks wait for nothing but each other.
  std::int64_t start(const std::string &session_id = "1", const std::string &store = "") {
    NewRecording r = a_recording("me", session_id);
    r.store = store;
    r.callbacks = {"ops", "audit"};
    r.events["ops"] = kEverything;
    return catalogue_.start_recording(r)->id;
  }
  void record_file(std::int64_t recording, const std::string &name = "a") {
    const std::string temp = "/spool/." + name + ".part";
    ASSERT_TRUE(catalogue_.open_file(an_open_file(recording, temp)));
    ASSERT_TRUE(catalogue_.close_file(a_closed_file(recording, temp)));
  }
  std::vector<Owed> take(const OwedTarget &target) { return *catalogue_.take_due("worker", target, 100); }
  // Delivers what is due until nothing is; what was told, in order.
  std::vector<std::string> deliver_all(const OwedTarget &target) {
    std::vector<std::string> told;
    for (auto rows = take(target); !rows.empty(); rows = take(target))
      for (const Owed &owed : rows) {
        told.push_back(std::to_string(owed.sequence) + " " + std::string(name_of(owed.event)));
        EXPECT_TRUE(catalogue_.done(owed.id, "worker", "", 200));
      }
    return told;
  }
  static RecordingException an_exception(ExceptionType type, unsigned occurs = 1) {
    return {.report = {.type = type, .track = "video", .occurs = occurs, .description = "one \"line\""},
            .format = Format::hls};
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  const OwedTarget audit_{OwedKind::callback, "audit"};
};

TEST_F(CatalogueEvents, ARecordingsLifeIsToldInOrderToWhomItConcerns) {
  const std::int64_t id = start();
  record_file(id);
  const UtcTime until = clock_.now_utc() + Seconds(180);
  ASSERT_TRUE(*catalogue_.pause_recording(id, "me", until));
  EXPECT_FALSE(*catalogue_.pause_recording(id, "me", until)) << "told once";
  ASSERT_TRUE(*catalogue_.claim_paused(like("other", a_push(), "default")));
  ASSERT_TRUE(catalogue_.tell_exception(id, an_exception(ExceptionType::video_jump)));
  ASSERT_TRUE(catalogue_.open_file(an_open_file(id, "/spool/.b.part")));
  ASSERT_TRUE(catalogue_.fail_file(id, "/spool/.b.part", "no space"));
  ASSERT_TRUE(catalogue_.fail_file(id, "/spool/.b.part", "no space"));
  ASSERT_TRUE(catalogue_.open_file(an_open_file(id, "/spool/.c.part")));
  ASSERT_TRUE(catalogue_.drop_file(id, "/spool/.c.part", "too short"));
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(deliver_all(ops()),
            (std::vector<std::string>{"1 recording-started", "2 file-finished", "3 recording-paused",
                                      "4 recording-resumed", "5 exception", "6 recording-error",
                                      "7 recording-finished"}));
  EXPECT_EQ(deliver_all(audit_), (std::vector<std::string>{"1 file-finished"}));
}

TEST_F(CatalogueEvents, WhatIsToldIsInTheTransactionOfWhatHappened) {
  const std::int64_t id = start();
  auto db = SqlDatabase::open(path_);
  ASSERT_TRUE(db->run("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END"));
  EXPECT_FALSE(catalogue_.pause_recording(id, "me", clock_.now_utc() + Seconds(180)));
  EXPECT_FALSE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(catalogue_.recording(id)->state, RecordingState::recording);
  ASSERT_TRUE(db->run("DROP TRIGGER full"));
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"1 recording-started", "2 recording-finished"}));
}

TEST_F(CatalogueEvents, LaterOnesWaitForTheFirstOfTheirRecordingAndTarget) {
  const std::int64_t id = start();
  const std::int64_t other = start("2");
  record_file(id);
  record_file(other);
  auto first = take(ops());
  ASSERT_EQ(first.size(), 2U) << "the first of each recording";
  EXPECT_TRUE(take(ops()).empty()) << "they are on their way";
  ASSERT_TRUE(catalogue_.retry(first[0].id, "worker", clock_.now_utc() + Seconds(60), "500"));
  ASSERT_TRUE(catalogue_.done(first[1].id, "worker", ""));
  const auto second = take(ops());
  ASSERT_EQ(second.size(), 1U) << "of the other recording";
  EXPECT_EQ(second[0].recording.id, other);
  EXPECT_EQ(take(audit_).size(), 2U) << "another target waits for nobody";
  clock_.advance(Seconds(60));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"1 recording-started", "2 file-finished"}));
}

TEST_F(CatalogueEvents, AFileThatIsUploadedLateIsToldBeforeLaterOnes) {
  const std::int64_t id = start("1", "archive");
  record_file(id, "a");
  record_file(id, "b");
  const auto uploads = take(archive());
  ASSERT_EQ(uploads.size(), 2U);
  ASSERT_TRUE(catalogue_.done(uploads[1].id, "worker", "s3://b"));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"1 recording-started"}));
  ASSERT_TRUE(catalogue_.done(uploads[0].id, "worker", "s3://a"));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"2 file-finished", "3 file-finished"}));
}

TEST_F(CatalogueEvents, WhatCannotBeDeliveredItselfIsPassedAndStaysOwed) {
  const std::int64_t id = start("1", "archive");
  record_file(id, "gone");
  record_file(id, "b");
  auto uploads = take(archive());
  ASSERT_TRUE(catalogue_.done(uploads[1].id, "worker", "s3://b"));
  ASSERT_TRUE(catalogue_.retry(uploads[0].id, "worker", clock_.now_utc() + Seconds(60), "no such file",
                               {.http_status = 0, .lets_later_pass = true}));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"1 recording-started", "3 file-finished"}));
  EXPECT_EQ(catalogue_.owed()->callbacks, 3U) << "of the file that is gone, and what audit was not asked for";

  const std::int64_t second = start("2");
  record_file(second);
  const auto poison = take(ops());
  ASSERT_EQ(poison.size(), 1U);
  ASSERT_TRUE(catalogue_.retry(poison[0].id, "worker", clock_.now_utc() + Seconds(60), "400",
                               {.http_status = 400, .lets_later_pass = true}));
  EXPECT_EQ(deliver_all(ops()), (std::vector<std::string>{"2 file-finished"}));
}

TEST_F(CatalogueEvents, APlaylistWaitsForItsOwnSegmentsOnly) {
  const std::int64_t id = start("1", "archive");
  const auto playlist = [&](const std::string &path) {
    ClosedFile file = a_closed_file(id, path);
    file.path = path;
    return file;
  };
  ASSERT_TRUE(catalogue_.add_segment(a_segment(id, 1)));
  ASSERT_TRUE(catalogue_.change_playlist(id, playlist("/spool/1/playlist.m3u8"), "/spool/2/playlist.m3u8"));
  ASSERT_TRUE(catalogue_.add_segment(a_segment(id, 2)));
  const auto segments = take(archive());
  ASSERT_EQ(segments.size(), 2U) << "no playlist";
  ASSERT_TRUE(catalogue_.done(segments[0].id, "worker", "1"));
  const auto first = take(archive());
  ASSERT_EQ(first.size(), 1U) << "the second cycle's segment is still on its way";
  EXPECT_EQ(first[0].path, "/spool/1/playlist.m3u8");
  ASSERT_TRUE(catalogue_.retry(first[0].id, "worker", clock_.now_utc() + Seconds(60), "503"));
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), playlist("/spool/2/playlist.m3u8")));
  EXPECT_TRUE(take(archive()).empty()) << "segment 2 is not there";
  ASSERT_TRUE(catalogue_.done(segments[1].id, "worker", "2"));
  const auto second = take(archive());
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].path, "/spool/2/playlist.m3u8");
}

TEST_F(CatalogueEvents, ExceptionsThatWaitAreMerged) {
  const std::int64_t id = start();
  for (const unsigned occurs : {2U, 3U})
    ASSERT_TRUE(catalogue_.tell_exception(id, an_exception(ExceptionType::video_jump, occurs)));
  ASSERT_TRUE(catalogue_.tell_exception(id, an_exception(ExceptionType::audio_jump)));
  ASSERT_EQ(catalogue_.owed()->callbacks, 3U) << "started, and two exceptions";
  const auto started = take(ops());
  ASSERT_TRUE(catalogue_.done(started[0].id, "worker", ""));
  const auto merged = take(ops());
  ASSERT_EQ(merged.size(), 1U);
  const auto exception = exception_in(merged[0].detail);
  ASSERT_TRUE(exception);
  EXPECT_EQ(exception->report.type, ExceptionType::video_jump);
  EXPECT_EQ(exception->report.occurs, 5U);
  EXPECT_EQ(exception->report.track, "video");
  EXPECT_EQ(exception->report.description, "one \"line\"");
  EXPECT_EQ(exception->format, Format::hls);
  ASSERT_TRUE(catalogue_.tell_exception(id, an_exception(ExceptionType::video_jump)));
  EXPECT_EQ(catalogue_.owed()->callbacks, 3U) << "one that is being told is not changed any more";
}

TEST_F(CatalogueEvents, DetailsThatAreNoneAreReadAsNothing) {
  for (const char *detail : {"", "{", "[]", "7"}) {
    EXPECT_EQ(error_in(detail), "") << detail;
    EXPECT_EQ(exception_in(detail).value_or(RecordingException{}).report.occurs, 0U) << detail;
  }
  EXPECT_EQ(error_in(error_detail("no space")), "no space");
}

TEST_F(CatalogueEvents, EveryAttemptIsLoggedWithoutSegmentsThatWentUpAtOnce) {
  const std::int64_t id = start("77", "archive");
  ASSERT_TRUE(catalogue_.add_segment(a_segment(id, 1)));
  record_file(id);
  const auto started = take(ops());
  ASSERT_TRUE(catalogue_.retry(started[0].id, "worker", clock_.now_utc() + Seconds(60), "answered 503",
                               {.http_status = 503, .lets_later_pass = false}));
  clock_.advance(Seconds(60));
  for (const Owed &upload : take(archive())) ASSERT_TRUE(catalogue_.done(upload.id, "worker", "s3://x"));
  EXPECT_EQ(deliver_all(ops()).size(), 2U);
  const auto log = catalogue_.deliveries({}, 10);
  ASSERT_TRUE(log) << log.error().message;
  ASSERT_EQ(log->size(), 4U);
  const LoggedAttempt &failed = log->back();
  EXPECT_EQ(failed.recording, "77");
  EXPECT_EQ(failed.target, ops());
  EXPECT_EQ(failed.event, RecordingEvent::recording_started);
  EXPECT_EQ(failed.attempt, 1);
  EXPECT_EQ(failed.http_status, 503);
  EXPECT_EQ(failed.error, "answered 503");
  EXPECT_EQ(failed.event_id, started[0].event_id);
  EXPECT_EQ(log->at(2).target, archive());
  EXPECT_EQ(log->at(2).path, "/spool/a.flv");
  EXPECT_EQ(log->at(1).attempt, 2);
  EXPECT_EQ(log->at(1).http_status, 200);
  EXPECT_EQ(log->at(0).event, RecordingEvent::file_finished);
  EXPECT_EQ(log->at(0).at, clock_.now_utc());
  EXPECT_EQ(catalogue_.deliveries({.recording = "77", .target = "ops", .failed = true}, 10)->size(), 1U);
  EXPECT_EQ(catalogue_.deliveries({.recording = "78"}, 10)->size(), 0U);
  EXPECT_EQ(catalogue_.deliveries({}, 1)->size(), 1U);
}

TEST_F(CatalogueEvents, OldAttemptsAreForgotten) {
  start();
  ASSERT_TRUE(catalogue_.retry(take(ops())[0].id, "worker", clock_.now_utc(), "refused"));
  clock_.advance(kOldestLoggedAttempt + Seconds(1));
  ASSERT_TRUE(catalogue_.retry(take(ops())[0].id, "worker", clock_.now_utc(), "refused again"));
  const auto log = catalogue_.deliveries({}, 10);
  ASSERT_EQ(log->size(), 1U);
  EXPECT_EQ(log->front().error, "refused again");
}

TEST_F(CatalogueEvents, WhatFailedIsDueAtOnceWhenSomebodyAsks) {
  start("77");
  start("78");
  for (const Owed &owed : take(ops()))
    ASSERT_TRUE(catalogue_.retry(owed.id, "worker", clock_.now_utc() + Seconds(3600), "refused"));
  EXPECT_EQ(*catalogue_.retry_now({.recording = "79"}), 0);
  EXPECT_EQ(*catalogue_.retry_now({.target = "audit"}), 0);
  EXPECT_EQ(*catalogue_.retry_now({.recording = "77"}), 1);
  EXPECT_EQ(take(ops()).size(), 1U);
  EXPECT_EQ(*catalogue_.retry_now({}), 1) << "what is being tried is not touched";
}

}  // namespace
}  // namespace rec
