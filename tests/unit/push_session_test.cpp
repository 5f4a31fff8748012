// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/push_session.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/service/catalogue_progress.h"
#include "core/service/owner_lease.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

constexpr const char *kPlaylist = "/spool/record/live/cam1/playlist.m3u8";

// Any number of recorders, as if in several processes, on one catalogue.
class PushSessions : public ::testing::Test {
 protected:
  Catalogue &open() {
    auto catalogue = Catalogue::open(dir_ / "catalogue.db", clock_);
    EXPECT_TRUE(catalogue) << catalogue.error().message;
    return connections_.emplace_back(*std::move(catalogue));
  }

  PushSession session(const char *owner, Seconds splice_timeout, bool hls = true) {
    RecordingTemplate t;
    t.name = "default";
    t.files = {FileFormat{Format::flv}};
    if (hls) t.hls = HlsFormat{.splice_timeout = splice_timeout};
    t.store = "archive";
    t.callbacks = {"ops"};
    PushSession made(open(), clock_,
                     {.push = a_push(),
                      .owner = owner,
                      .session_id = std::string(owner) == "a" ? "77" : random_decimal_id(),
                      .directory = "/spool",
                      .recording_template = t,
                      .task = ""});
    EXPECT_TRUE(made.begin_push());
    return made;
  }

  // The claim of a writer that begins a playlist or continues one.
  static std::string claimed(PushSession &session) {
    const auto playlist = session.claim();
    EXPECT_TRUE(playlist) << playlist.error().message;
    return playlist && *playlist ? **playlist : "";
  }
  static PushSession::Hold polled(PushSession &session, Seconds waited = Seconds(0)) {
    const auto hold = session.poll_hold(waited);
    EXPECT_TRUE(hold) << hold.error().message;
    return hold ? *hold : PushSession::Hold::wait;
  }
  ClosedFile playlist() const {
    ClosedFile file = a_closed_file(0, kPlaylist);
    file.path = kPlaylist;
    return file;
  }
  static std::vector<RecordingState> states(PushSession &session) {
    std::vector<RecordingState> list;
    const auto recordings = session.catalogue().recordings(10);
    for (const Recording &r : *recordings) list.push_back(r.state);
    return list;
  }

  TempDir dir_;
  FakeClock clock_;
  std::deque<Catalogue> connections_;  // of the sessions, which are processes here
};

TEST_F(PushSessions, ARecordingIsToRestartAtTheAgeThatItsTemplateSays) {
  RecordingTemplate t;
  t.name = "default";
  t.files = {FileFormat{Format::flv}};
  t.restart_after = std::chrono::days(1);
  const auto begin = [&](const std::string &task) {
    PushSession made(open(), clock_,
                     {.push = a_push(),
                      .owner = "a",
                      .session_id = random_decimal_id(),
                      .directory = "/spool",
                      .recording_template = t,
                      .task = task});
    EXPECT_TRUE(made.begin_push());
    OpenedFile file = an_open_file(0, "/spool/." + task + ".part");
    EXPECT_TRUE(made.open_file(file));
    return made;
  };
  PushSession s = begin("");
  PushSession of_task = begin("evening");
  clock_.advance(std::chrono::days(1) - Seconds(1));
  EXPECT_FALSE(s.is_to_restart());
  clock_.advance(Seconds(1));
  EXPECT_TRUE(s.is_to_restart());
  EXPECT_FALSE(of_task.is_to_restart()) << "a task says when it ends";
  EXPECT_TRUE(s.end_push());
  EXPECT_FALSE(s.is_to_restart()) << "there is no media to go on with";
}

TEST_F(PushSessions, ARecordingBeginsWithItsFirstFile) {
  PushSession s = session("a", Seconds(0), false);
  EXPECT_TRUE(s.catalogue().recordings(10)->empty());
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  const auto recordings = *s.catalogue().recordings(10);
  ASSERT_EQ(recordings.size(), 1U);
  EXPECT_EQ(recordings[0].session_id, "77");
  EXPECT_EQ(recordings[0].store, "archive");
  EXPECT_EQ(recordings[0].callbacks, std::vector<std::string>{"ops"});
  ASSERT_TRUE(s.end_push());
  ASSERT_TRUE(s.close_file(a_closed_file(0)));
  ASSERT_TRUE(s.finish());
  EXPECT_EQ(states(s), std::vector{RecordingState::finished});
  EXPECT_EQ(s.counts().files, 1U);
  EXPECT_EQ(s.counts().bytes, a_closed_file(0).size_bytes);
  EXPECT_EQ(s.catalogue().owed()->uploads, 1U);
  EXPECT_EQ(s.catalogue().push_counts("a")->open, 0U);
}

TEST_F(PushSessions, ATasksRecordingNamesTheTaskAndKeepsNoStreamParam) {
  RecordingTemplate t;
  t.name = "default";
  t.files = {FileFormat{Format::flv}};
  PushSession made(open(), clock_,
                   {.push = a_push(),
                    .owner = "a",
                    .session_id = "77",
                    .directory = "/spool",
                    .recording_template = t,
                    .task = "4242"});
  ASSERT_TRUE(made.begin_push());
  ASSERT_TRUE(made.open_file(an_open_file(0)));
  EXPECT_EQ(made.current()->task, "4242");
  EXPECT_EQ(made.current()->push.stream_param, "");
}

TEST_F(PushSessions, ARecordingGoesOnInAnotherPlaylistWhenACycleEnds) {
  PushSession s = session("a", Seconds(60));
  EXPECT_EQ(claimed(s), "");
  ASSERT_TRUE(s.playlist_started(kPlaylist));
  ASSERT_TRUE(s.playlist_finished(playlist()));
  EXPECT_TRUE(s.catalogue().files(s.current()->id)->empty()) << "nobody knows yet whether it goes on";
  const std::string next = "/spool/record/live/cam1/next/playlist.m3u8";
  ASSERT_TRUE(s.playlist_started(next));
  EXPECT_EQ(states(s), std::vector{RecordingState::recording});
  const auto files = *s.catalogue().files(s.current()->id);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].facts.path, kPlaylist);
  EXPECT_EQ(s.catalogue().owed()->uploads, 1U) << "it does not wait for the end of the recording";
  // What comes back continues the last one.
  ASSERT_TRUE(s.playlist_paused(next));
  ASSERT_TRUE(s.pause_or_finish());
  ASSERT_TRUE(s.begin_push());
  EXPECT_EQ(claimed(s), next);
  ASSERT_TRUE(s.playlist_started(next));
  ClosedFile last = playlist();
  last.path = last.temp_path = next;
  ASSERT_TRUE(s.playlist_finished(last));
  ASSERT_TRUE(s.finish());
  EXPECT_EQ(states(s), std::vector{RecordingState::finished});
  EXPECT_EQ(s.catalogue().recordings(10)->at(0).playlist_path, next);
  EXPECT_EQ(s.counts().files, 2U);
}

TEST_F(PushSessions, APushWithoutMediaLeavesNoRecording) {
  PushSession s = session("a", Seconds(0));
  ASSERT_TRUE(s.finish());
  ASSERT_TRUE(s.release());
  EXPECT_TRUE(s.catalogue().recordings(10)->empty());
  EXPECT_EQ(s.catalogue().push_counts("a")->seen, 1U);
}

TEST_F(PushSessions, EveryPushHasARecordingOfItsOwnWithoutSpliceTimeout) {
  PushSession s = session("a", Seconds(0), false);
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  ASSERT_TRUE(s.begin_push()) << "the first file is still being closed";
  ASSERT_TRUE(s.open_file(an_open_file(0, "/spool/.b.flv.part")));
  ASSERT_TRUE(s.close_file(a_closed_file(0)));
  EXPECT_EQ(states(s), (std::vector{RecordingState::recording, RecordingState::finished}));
  EXPECT_NE(s.current()->session_id, "77");
}

TEST_F(PushSessions, APlaylistThatEndsAfterTheNextPushBeganFinishesItsOwnRecording) {
  PushSession s = session("a", Seconds(0));
  EXPECT_EQ(claimed(s), "");
  ASSERT_TRUE(s.playlist_started(kPlaylist));
  ASSERT_TRUE(s.begin_push());
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  ASSERT_TRUE(s.playlist_finished(playlist()));
  EXPECT_EQ(states(s), (std::vector{RecordingState::recording, RecordingState::finished}));
}

TEST_F(PushSessions, ThePlaylistIsOwedWhenAllWritersAreDone) {
  PushSession s = session("a", Seconds(0));
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  EXPECT_EQ(claimed(s), "");
  ASSERT_TRUE(s.playlist_started(kPlaylist));
  NewSegment segment = a_segment(0, 0);
  ASSERT_TRUE(s.add_segment(kPlaylist, segment));
  ASSERT_TRUE(s.playlist_finished(playlist()));
  EXPECT_EQ(states(s), std::vector{RecordingState::recording}) << "the FLV file is still open";
  ASSERT_TRUE(s.close_file(a_closed_file(0)));
  ASSERT_TRUE(s.finish());
  EXPECT_EQ(states(s), std::vector{RecordingState::finished});
  EXPECT_EQ(s.catalogue().owed()->uploads, 3U);
  EXPECT_FALSE(s.add_segment("/other.m3u8", segment));
}

TEST_F(PushSessions, AnEndedPushMayComeBackInTheSameRecorder) {
  PushSession s = session("a", Seconds(60));
  EXPECT_EQ(claimed(s), "");
  ASSERT_TRUE(s.playlist_started(kPlaylist));
  ASSERT_TRUE(s.playlist_paused(kPlaylist));
  EXPECT_EQ(states(s), std::vector{RecordingState::paused});
  clock_.advance(Seconds(59));
  EXPECT_EQ(polled(s, Seconds(59)), PushSession::Hold::wait);
  ASSERT_TRUE(s.begin_push());
  EXPECT_EQ(claimed(s), kPlaylist);
  EXPECT_TRUE(s.resumed());
  EXPECT_EQ(s.current()->session_id, "77");
  EXPECT_EQ(states(s), std::vector{RecordingState::recording});
  EXPECT_EQ(s.counts().resumed, 1U);
}

TEST_F(PushSessions, AFileThatOpensFirstClaimsTheRecordingForThePlaylistToo) {
  PushSession a = session("a", Seconds(60));
  claimed(a);
  ASSERT_TRUE(a.playlist_started(kPlaylist));
  ASSERT_TRUE(a.playlist_paused(kPlaylist));
  PushSession b = session("b", Seconds(60));
  ASSERT_TRUE(b.open_file(an_open_file(0)));
  EXPECT_EQ(claimed(b), kPlaylist);
  EXPECT_EQ(polled(a), PushSession::Hold::gone);
  a.playlist_released(kPlaylist);
  ASSERT_TRUE(a.release());
  EXPECT_EQ(b.current()->owner, "b");
  EXPECT_EQ(states(b), std::vector{RecordingState::recording});
}

TEST_F(PushSessions, TwoRecordersOfOneProcessDoNotFinishEachOthersRecording) {
  PushSession a = session("same", Seconds(60)), b = session("same", Seconds(60));
  claimed(a);
  ASSERT_TRUE(a.playlist_started(kPlaylist));
  ASSERT_TRUE(a.playlist_paused(kPlaylist));
  clock_.advance(Seconds(30));
  EXPECT_EQ(claimed(b), kPlaylist);
  ASSERT_TRUE(b.playlist_paused(kPlaylist));
  EXPECT_EQ(polled(a, Seconds(61)), PushSession::Hold::gone);
  EXPECT_EQ(polled(b), PushSession::Hold::wait);
}

TEST_F(PushSessions, WhenNobodyComesTheRecordingIsFinishedAndCannotBeClaimedMeanwhile) {
  PushSession a = session("a", Seconds(60)), b = session("b", Seconds(60));
  claimed(a);
  ASSERT_TRUE(a.playlist_started(kPlaylist));
  ASSERT_TRUE(a.playlist_paused(kPlaylist));
  EXPECT_EQ(polled(a, Seconds(60)), PushSession::Hold::finish);
  EXPECT_EQ(claimed(b), "") << "a is writing its last lines";
  EXPECT_EQ(polled(a, Seconds(60)), PushSession::Hold::finish);
  ASSERT_TRUE(a.playlist_finished(playlist()));
  EXPECT_EQ(states(a), (std::vector{RecordingState::recording, RecordingState::finished}));
}

TEST_F(PushSessions, CancellingEndsTheWait) {
  PushSession s = session("a", Seconds(60));
  claimed(s);
  ASSERT_TRUE(s.playlist_started(kPlaylist));
  ASSERT_TRUE(s.playlist_paused(kPlaylist));
  EXPECT_EQ(polled(s), PushSession::Hold::wait);
  const auto hold = s.poll_hold(Nanoseconds::max());
  EXPECT_EQ(*hold, PushSession::Hold::finish);
}

TEST_F(PushSessions, AReleasedRecordingCanBeContinuedByAnybody) {
  {
    PushSession a = session("a", Seconds(60));
    claimed(a);
    ASSERT_TRUE(a.playlist_started(kPlaylist));
    ASSERT_TRUE(a.playlist_paused(kPlaylist));
    ASSERT_TRUE(a.release());
  }
  PushSession b = session("b", Seconds(60));
  EXPECT_EQ(claimed(b), kPlaylist);
  EXPECT_EQ(*b.catalogue().unfinished_recordings("a"), 0U);
}

// What writes files only, which may be continued.
class FilePushSessions : public PushSessions {
 protected:
  PushSession files_session(const char *owner) {
    RecordingTemplate t;
    t.name = "default";
    FileFormat flv{Format::flv};
    flv.splice_timeout = Seconds(60);
    t.files = {flv, FileFormat{Format::mp4}};
    t.callbacks = {"ops"};
    PushSession made(open(), clock_,
                     {.push = a_push(),
                      .owner = owner,
                      .session_id = random_decimal_id(),
                      .directory = "/spool",
                      .recording_template = t,
                      .task = ""});
    EXPECT_TRUE(made.begin_push());
    return made;
  }
  static void record(PushSession &s, Format format = Format::flv) {
    OpenedFile opened = an_open_file(0);
    opened.format = format;
    ASSERT_TRUE(s.open_file(opened));
    ASSERT_TRUE(s.end_push());
    ASSERT_TRUE(s.close_file(a_closed_file(0)));
    ASSERT_TRUE(s.pause_or_finish());
  }
};

TEST_F(FilePushSessions, FilesThatMayBeContinuedAreHeldAndOwedAfterwards) {
  PushSession s = files_session("a");
  record(s);
  EXPECT_TRUE(s.holds_files());
  EXPECT_EQ(states(s), std::vector{RecordingState::paused});
  EXPECT_EQ(polled(s), PushSession::Hold::wait);
  EXPECT_EQ(s.catalogue().owed()->callbacks, 0U);
  EXPECT_EQ(polled(s, Seconds(60)), PushSession::Hold::finish);
  ASSERT_TRUE(s.finish_held());
  EXPECT_FALSE(s.holds_files());
  EXPECT_EQ(states(s), std::vector{RecordingState::finished});
  EXPECT_EQ(s.catalogue().owed()->callbacks, 1U);
  EXPECT_TRUE(s.take_joins().empty()) << "one file alone";
}

TEST_F(FilePushSessions, AFormatThatIsNotSplicedIsOwedAtOnce) {
  PushSession s = files_session("a");
  record(s, Format::mp4);
  EXPECT_EQ(s.catalogue().owed()->callbacks, 1U);
}

TEST_F(FilePushSessions, AnotherProcessContinuesThemAndHasThemJoined) {
  PushSession a = files_session("a"), b = files_session("b");
  record(a);
  record(b);
  EXPECT_TRUE(b.resumed() || b.holds_files());
  EXPECT_EQ(polled(a), PushSession::Hold::gone);
  a.leave_held();
  EXPECT_FALSE(a.holds_files());
  EXPECT_EQ(polled(b, Seconds(60)), PushSession::Hold::finish);
  ASSERT_TRUE(b.finish_held());
  EXPECT_EQ(b.take_joins(), std::vector<std::int64_t>{1});
  EXPECT_TRUE(b.take_joins().empty()) << "told once";
  EXPECT_EQ(b.catalogue().owed()->callbacks, 0U) << "until they are joined";
  EXPECT_EQ(*b.catalogue().unfinished_recordings("b"), 1U);
}

TEST_F(PushSessions, AFailedFileIsARowToo) {
  PushSession s = session("a", Seconds(0), false);
  ASSERT_TRUE(s.fail_file("/spool/.never-opened", "no space"));
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  ASSERT_TRUE(s.fail_file("/spool/.a.flv.part", "no space"));
  EXPECT_EQ(s.counts().failed_files, 1U);
  EXPECT_FALSE(s.close_file(a_closed_file(0)));
  ASSERT_TRUE(s.finish());
  EXPECT_EQ(s.catalogue().files(1)->at(0).error, "no space");
}

TEST_F(PushSessions, WhatIsCountedBelongsToTheRecordingThatIsCurrent) {
  PushSession s = session("a", Seconds(0), false);
  const auto counted = [&](std::size_t newest) {
    const auto progress =
        progress_of(s.catalogue().connection(), s.catalogue().recordings(10)->at(newest).id);
    return progress->counted;
  };
  MediaCounts counts{.video_frames = 3, .drops = {{{"flv", "before-keyframe"}, 3}}};
  ASSERT_TRUE(s.count(counts, std::nullopt));
  ASSERT_TRUE(s.open_file(an_open_file(0)));
  counts.video_frames = 30;
  ASSERT_TRUE(s.count(counts, clock_.now_utc()));
  EXPECT_EQ(counted(0), counts) << "with what came before its first file";
  ASSERT_TRUE(s.close_file(a_closed_file(0)));
  ASSERT_TRUE(s.finish());

  ASSERT_TRUE(s.begin_push());
  ASSERT_TRUE(s.open_file(an_open_file(0, "/spool/.b.flv.part")));
  counts.video_frames = 35;
  ASSERT_TRUE(s.count(counts, clock_.now_utc()));
  ASSERT_TRUE(s.count(counts, clock_.now_utc()));
  EXPECT_EQ(counted(0), MediaCounts{.video_frames = 5});
  EXPECT_EQ(counted(1).video_frames, 30U);
}

TEST_F(PushSessions, ARecordingIsKeptAsLongAsItsPushAsks) {
  const auto expiry_of = [&](TriggerKind trigger, const std::string &query) {
    RecordingTemplate t;
    t.name = "default";
    t.files = {FileFormat{Format::flv}};
    t.trigger.kind = trigger;
    PushIdentity push = a_push();
    push.stream_param = query;
    PushSession s(open(), clock_,
                  {.push = push,
                   .owner = "a",
                   .session_id = random_decimal_id(),
                   .directory = "/spool",
                   .recording_template = t,
                   .task = ""});
    EXPECT_TRUE(s.begin_push());
    EXPECT_TRUE(s.open_file(an_open_file(0)));
    EXPECT_TRUE(s.close_file(a_closed_file(0)));
    EXPECT_FALSE(s.catalogue().recordings(1)->at(0).expires) << "while it goes on";
    EXPECT_TRUE(s.finish());
    const Recording finished = s.catalogue().recordings(1)->at(0);
    EXPECT_TRUE(finished.ended);
    return finished.expires ? std::optional(*finished.expires - *finished.ended) : std::nullopt;
  };
  EXPECT_EQ(expiry_of(TriggerKind::ingest_parameter, "record=flv&storage_time=3600"), Seconds(3600));
  EXPECT_FALSE(expiry_of(TriggerKind::ingest_parameter, "record=flv")) << "as the template says";
  EXPECT_FALSE(expiry_of(TriggerKind::automatic, "record=flv&storage_time=3600")) << "nobody asked the push";
  const auto for_ever = expiry_of(TriggerKind::ingest_parameter, "record=flv&storage_time=0");
  ASSERT_TRUE(for_ever);
  EXPECT_GT(*for_ever, std::chrono::days(365'000));
}

}  // namespace
}  // namespace rec::test
