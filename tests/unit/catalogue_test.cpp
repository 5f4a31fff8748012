// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/service/owner_lease.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class CatalogueTest : public testing::Test {
 protected:
  Catalogue open() {
    auto opened = Catalogue::open(path_, clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }
  std::size_t due(Catalogue &c, const OwedTarget &target) {
    const auto taken = c.take_due("looker", target, 100);
    EXPECT_TRUE(taken);
    EXPECT_TRUE(c.release_leases("looker"));
    return taken->size();
  }
  void deliver_all(Catalogue &c, const OwedTarget &target, const std::string &url) {
    const auto taken = c.take_due("worker", target, 100);
    ASSERT_TRUE(taken);
    for (const Owed &o : *taken) ASSERT_TRUE(c.done(o.id, "worker", url));
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "sub/catalogue.db";
};

TEST_F(CatalogueTest, RemembersARecordingAfterItIsOpenedAgain) {
  std::int64_t id = 0;
  {
    Catalogue c = open();
    NewRecording r = a_recording("me");
    r.callbacks = {"ops", "audit"};
    id = c.start_recording(r)->id;
  }
  Catalogue c = open();
  const auto r = c.recording(id);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->session_id, "1485890000000000000");
  EXPECT_EQ(r->push.stream_param, "txSecret=x&txTime=y");
  EXPECT_EQ(r->state, RecordingState::recording);
  EXPECT_EQ(r->splice_timeout, Seconds(180));
  EXPECT_EQ(r->callbacks, (std::vector<std::string>{"ops", "audit"}));
}

TEST_F(CatalogueTest, RefusesACatalogueOfAnotherVersion) {
  { open(); }
  auto db = SqlDatabase::open(path_);
  ASSERT_TRUE(db->run("PRAGMA user_version = 8"));
  const auto c = Catalogue::open(path_, clock_);
  ASSERT_FALSE(c);
  EXPECT_NE(c.error().message.find("version 8"), std::string::npos);
}

// Each is opened by its muxer's thread: who is first among those of a burst is chance. A clock that was set
// back is not.
TEST_F(CatalogueTest, HasTheFilesOfAPushInTheOrderOfTheirMedia) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  const auto open_at = [&](int second, std::optional<std::int64_t> push) {
    OpenedFile file = an_open_file(r->id, "/spool/." + std::to_string(second) + ".flv.part");
    file.started += Seconds(second);
    file.push_id = push;
    ASSERT_TRUE(c.open_file(file));
  };
  const auto first = c.begin_push("me", a_push(), "default");
  open_at(102, *first);
  open_at(104, *first);
  open_at(100, *first);
  const auto second = c.begin_push("me", a_push(), "default");
  open_at(2, *second);
  open_at(0, *second);
  std::vector<std::string> order;
  for (const StoredFile &file : *c.files(r->id)) order.push_back(file.facts.temp_path);
  EXPECT_EQ(order,
            (std::vector<std::string>{"/spool/.100.flv.part", "/spool/.102.flv.part", "/spool/.104.flv.part",
                                      "/spool/.0.flv.part", "/spool/.2.flv.part"}));
}

TEST_F(CatalogueTest, CountsPushesOfItsOwner) {
  Catalogue c = open();
  const auto first = c.begin_push("me", a_push(), "default");
  ASSERT_TRUE(c.begin_push("me", a_push("cam2"), ""));
  ASSERT_TRUE(c.begin_push("other", a_push("cam3"), "default"));
  ASSERT_TRUE(c.end_push(*first));
  ASSERT_TRUE(c.end_push(*first));
  EXPECT_EQ(c.push_counts("me")->seen, 2U);
  EXPECT_EQ(c.push_counts("me")->open, 1U);
  ASSERT_TRUE(c.end_pushes_of("me"));
  EXPECT_EQ(c.push_counts("me")->open, 0U);
  EXPECT_EQ(c.push_counts("other")->open, 1U);
}

TEST_F(CatalogueTest, ResumesAPausedRecordingUntilItsTimeIsOver) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("first"));
  ASSERT_TRUE(*c.pause_recording(r->id, "first", clock_.now_utc() + Seconds(180)));
  clock_.advance(Seconds(180) - std::chrono::microseconds(1));

  PushIdentity again = a_push();
  again.stream_param = "txSecret=other";
  const auto claimed = c.claim_paused(like("second", again, "default"));
  ASSERT_TRUE(claimed);
  ASSERT_TRUE(*claimed);
  EXPECT_EQ((*claimed)->session_id, r->session_id);
  EXPECT_EQ((*claimed)->owner, "second");
  EXPECT_EQ((*claimed)->state, RecordingState::recording);
  EXPECT_EQ((*claimed)->push.stream_param, "txSecret=other");
  EXPECT_EQ((*claimed)->callbacks, (std::vector<std::string>{"ops"}));
  EXPECT_FALSE(*c.claim_finish(r->id, "first")) << "the first owner must touch nothing any more";

  ASSERT_TRUE(*c.pause_recording(r->id, "second", clock_.now_utc() + Seconds(180)));
  clock_.advance(Seconds(180));
  EXPECT_FALSE(c.claim_paused(like("third", a_push(), "default"))->has_value());
}

TEST_F(CatalogueTest, ResumesOnlyTheSameStreamAndTemplate) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(*c.pause_recording(r->id, "me", clock_.now_utc() + Seconds(180)));
  EXPECT_FALSE(c.claim_paused(like("me", a_push("cam2"), "default"))->has_value());
  EXPECT_FALSE(c.claim_paused(like("me", a_push(), "other"))->has_value());
  NewRecording watermarked = like("me", a_push(), "default");
  watermarked.content = "watermarked";
  EXPECT_FALSE(c.claim_paused(watermarked)->has_value());
  EXPECT_TRUE(c.claim_paused(like("me", a_push(), "default"))->has_value());
}

TEST_F(CatalogueTest, ResumesATasksRecordingOnlyForThatTask) {
  Catalogue c = open();
  NewRecording of_task = a_recording("me");
  of_task.task = "7";
  const auto r = c.start_recording(of_task);
  EXPECT_EQ(c.recording(r->id)->task, "7");
  ASSERT_TRUE(*c.pause_recording(r->id, "me", clock_.now_utc() + Seconds(180)));
  NewRecording other = of_task;
  other.task = "8";
  EXPECT_FALSE(c.claim_paused(other)->has_value());
  EXPECT_FALSE(c.claim_paused(like("me", a_push(), "default"))->has_value()) << "by rule";
  EXPECT_TRUE(c.claim_paused(of_task)->has_value());
}

TEST_F(CatalogueTest, GivesAPausedRecordingToExactlyOneOfManyConnections) {
  constexpr int kRounds = 10, kRacers = 4;
  for (int round = 0; round < kRounds; ++round) {
    std::int64_t id = 0;
    {
      Catalogue c = open();
      id = c.start_recording(a_recording("first", std::to_string(round)))->id;
      ASSERT_TRUE(*c.pause_recording(id, "first", clock_.now_utc() + Seconds(60)));
    }
    std::atomic<int> winners = 0, ready = 0;
    std::vector<std::thread> racers;
    for (int i = 0; i < kRacers; ++i)
      racers.emplace_back([&, i] {
        Catalogue c = open();
        ++ready;
        while (ready < kRacers) std::this_thread::yield();
        const auto claimed = c.claim_paused(like("racer" + std::to_string(i), a_push(), "default"));
        ASSERT_TRUE(claimed) << claimed.error().message;
        if (*claimed) ++winners;
      });
    for (auto &t : racers) t.join();
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(CatalogueTest, NobodyFinishesAPauseThatWasContinuedInTheSameProcess) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  const UtcTime until = clock_.now_utc() + Seconds(180);
  ASSERT_TRUE(*c.pause_recording(r->id, "me", until));
  ASSERT_TRUE(c.claim_paused(like("me", a_push(), "default"))->has_value());
  EXPECT_FALSE(*c.claim_finish_of_pause(r->id, "me", until));
  ASSERT_TRUE(*c.pause_recording(r->id, "me", until + Seconds(1)));
  EXPECT_FALSE(*c.claim_finish_of_pause(r->id, "me", until)) << "that is another pause";
  EXPECT_TRUE(*c.claim_finish_of_pause(r->id, "me", until + Seconds(1)));
}

TEST_F(CatalogueTest, NobodyResumesWhatIsBeingFinished) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(*c.pause_recording(r->id, "me", clock_.now_utc() + Seconds(180)));
  EXPECT_TRUE(*c.claim_finish(r->id, "me"));
  EXPECT_FALSE(c.claim_paused(like("other", a_push(), "default"))->has_value());
}

TEST_F(CatalogueTest, AClosedFileAndWhatItOwesAreOneTransaction) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  EXPECT_EQ(c.owed()->uploads + c.owed()->callbacks, 0U);

  // The outbox refuses the rows (as a full disk would): the file must then not be closed either.
  auto db = SqlDatabase::open(path_);
  ASSERT_TRUE(
      db->run("CREATE TRIGGER full BEFORE INSERT ON outbox WHEN NEW.kind = 'callback' "
              "BEGIN SELECT RAISE(ABORT, 'full'); END"));
  EXPECT_FALSE(c.close_file(a_closed_file(r->id)));
  EXPECT_EQ(c.files(r->id)->front().state, FileState::open);
  EXPECT_EQ(c.owed()->uploads, 0U);

  ASSERT_TRUE(db->run("DROP TRIGGER full"));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  const auto file = c.files(r->id)->front();
  EXPECT_EQ(file.state, FileState::closed);
  EXPECT_EQ(file.facts.width, 1280U);
  EXPECT_EQ(file.facts.duration, Seconds(154));
  EXPECT_EQ(c.owed()->uploads, 1U);
  EXPECT_EQ(c.owed()->callbacks, 1U);
  EXPECT_FALSE(c.close_file(a_closed_file(r->id))) << "closed once";
  EXPECT_EQ(c.owed()->uploads, 1U);
}

TEST_F(CatalogueTest, ACallbackWaitsForTheUploadOfItsFileAndTellsItsUrl) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  EXPECT_EQ(due(c, ops()), 0U);
  deliver_all(c, archive(), "http://s3.example.org/rec/a.flv");
  const auto callbacks = c.take_due("worker", ops(), 10);
  ASSERT_EQ(callbacks->size(), 1U);
  EXPECT_EQ(callbacks->front().url, "http://s3.example.org/rec/a.flv");
  EXPECT_EQ(callbacks->front().event_id.size(), 32U);
  ASSERT_TRUE(callbacks->front().file);
  EXPECT_EQ(callbacks->front().file->facts.path, "/spool/a.flv");
}

TEST_F(CatalogueTest, WithoutAStoreTheCallbackIsDueAtOnce) {
  Catalogue c = open();
  NewRecording n = a_recording("me");
  n.store = "";
  const auto r = c.start_recording(n);
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  EXPECT_EQ(c.owed()->uploads, 0U);
  EXPECT_EQ(due(c, ops()), 1U);
}

TEST_F(CatalogueTest, ThePlaylistIsUploadedAfterAllSegments) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  for (std::uint64_t n = 0; n < 3; ++n) ASSERT_TRUE(c.add_segment(a_segment(r->id, n)));
  ASSERT_TRUE(c.add_segment(a_segment(r->id, 2))) << "the same segment twice changes nothing";
  ClosedFile playlist = a_closed_file(r->id, "/spool/p.m3u8");
  playlist.path = "/spool/p.m3u8";
  ASSERT_TRUE(c.finish_recording(r->id, clock_.now_utc(), playlist));
  ASSERT_TRUE(c.finish_recording(r->id, clock_.now_utc(), playlist));
  EXPECT_EQ(c.owed()->uploads, 4U);
  EXPECT_EQ(c.recording(r->id)->state, RecordingState::finished);

  const auto segments = c.take_due("worker", archive(), 10);
  ASSERT_EQ(segments->size(), 3U);
  EXPECT_EQ(segments->front().path, "/spool/segment0.ts");
  EXPECT_FALSE(segments->front().file);
  for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(c.done((*segments)[i].id, "worker", "u"));
  EXPECT_EQ(due(c, archive()), 0U);
  ASSERT_TRUE(c.done((*segments)[2].id, "worker", "u"));
  EXPECT_EQ(due(c, archive()), 1U);
  EXPECT_EQ(due(c, ops()), 0U);
  deliver_all(c, archive(), "u");
  EXPECT_EQ(due(c, ops()), 1U);
}

TEST_F(CatalogueTest, AFailedRowWaitsAndHoldsUpNobody) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  for (std::uint64_t n = 0; n < 2; ++n) ASSERT_TRUE(c.add_segment(a_segment(r->id, n)));
  const auto first = c.take_due("worker", archive(), 1);
  ASSERT_TRUE(c.retry(first->front().id, "worker", clock_.now_utc() + Seconds(60), "connection refused"));
  EXPECT_EQ(due(c, archive()), 1U);
  EXPECT_EQ(c.owed()->failing, 1U);
  deliver_all(c, archive(), "u");
  EXPECT_EQ(*c.next_due(archive()), std::optional(clock_.now_utc() + Seconds(60)));
  clock_.advance(Seconds(60));
  const auto again = c.take_due("worker", archive(), 10);
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ(again->front().attempts, 1);
  EXPECT_EQ(again->front().event_id, first->front().event_id);
}

TEST_F(CatalogueTest, TellsWhatARecordingOwesToWhomAndWhatWentWrong) {
  Catalogue c = open();
  const std::int64_t id = c.start_recording(a_recording("me"))->id;
  ASSERT_TRUE(c.add_segment(a_segment(id, 0)));
  ASSERT_TRUE(c.open_file(an_open_file(id)));
  ASSERT_TRUE(c.close_file(a_closed_file(id)));
  const auto taken = c.take_due("worker", archive(), 1);
  ASSERT_TRUE(taken);
  ASSERT_TRUE(c.retry(taken->front().id, "worker", clock_.now_utc() + Seconds(60), "connection refused"));
  const auto owed = c.owed_of(id);
  ASSERT_TRUE(owed) << owed.error().message;
  ASSERT_EQ(owed->size(), 2u);
  EXPECT_EQ(owed->at(0).target, archive());
  EXPECT_EQ(owed->at(0).count, 2u);
  EXPECT_EQ(owed->at(0).attempts, 1u);
  EXPECT_EQ(owed->at(0).last_error, "connection refused");
  EXPECT_EQ(owed->at(0).next_attempt, clock_.now_utc()) << "of the one that did not fail";
  EXPECT_EQ(owed->at(1).target, ops());
  EXPECT_EQ(owed->at(1).last_error, "");
  EXPECT_TRUE(c.owed_of(id + 1)->empty());
}

TEST_F(CatalogueTest, WhatADeadWorkerHeldIsDeliveredByAnother) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.add_segment(a_segment(r->id, 0)));
  std::string dead;
  std::string event;
  {
    const auto lease = OwnerLease::create(path_);
    ASSERT_TRUE(lease);
    dead = lease->id();
    event = c.take_due(dead, archive(), 1)->front().event_id;
    ASSERT_TRUE(c.release_dead_leases([&](const auto &o) { return OwnerLease::is_alive(path_, o); }));
    EXPECT_EQ(due(c, archive()), 0U) << "alive: its rows stay its own";
  }
  ASSERT_TRUE(c.release_dead_leases([&](const auto &o) { return OwnerLease::is_alive(path_, o); }));
  const auto taken = c.take_due("other", archive(), 1);
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front().event_id, event);
  EXPECT_FALSE(c.done(taken->front().id, dead, "u")) << "not the dead one's any more";
  EXPECT_TRUE(c.done(taken->front().id, "other", "u"));
}

TEST_F(CatalogueTest, WhatWasPutOffByAClockThatWasFastIsDueWhenItIsSetBack) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  const auto put_off = [&](Seconds delay) {
    const auto taken = c.take_due("worker", archive(), 1);
    ASSERT_EQ(taken->size(), 1U);
    ASSERT_TRUE(c.retry(taken->front().id, "worker", clock_.now_utc() + delay, "skewed"));
    ASSERT_TRUE(c.heed_clock());
  };
  put_off(Seconds(300));
  EXPECT_EQ(due(c, archive()), 0U) << "a delay as it may be";
  clock_.advance(Seconds(300));
  put_off(Seconds(3600));
  EXPECT_EQ(due(c, archive()), 1U) << "no upload waits for so long";
}

TEST_F(CatalogueTest, CountsWhatCouldBeDeliveredNow) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  EXPECT_EQ(*c.untried(), 1U) << "the callback waits";
  const auto taken = c.take_due("worker", archive(), 1);
  EXPECT_EQ(*c.untried(), 1U) << "under way";
  ASSERT_TRUE(c.retry(taken->front().id, "worker", clock_.now_utc(), "denied"));
  EXPECT_EQ(*c.untried(), 0U) << "that failed";
}

TEST_F(CatalogueTest, NamesTheTargetsThatAreOwed) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("me"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  ASSERT_TRUE(c.close_file(a_closed_file(r->id)));
  const auto targets = c.owed_targets();
  EXPECT_EQ(targets->size(), 2U);
  EXPECT_EQ(c.owed_by("me")->uploads, 1U);
  EXPECT_EQ(c.owed_by("other")->uploads, 0U);
}

TEST_F(CatalogueTest, TakesOverOnlyFromTheOwnerThatWasMeant) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("dead"));
  ASSERT_TRUE(c.open_file(an_open_file(r->id)));
  EXPECT_EQ(*c.working_owners(), (std::vector<std::string>{"dead"}));
  EXPECT_TRUE(*c.take_over(r->id, "dead", "me"));
  EXPECT_FALSE(*c.take_over(r->id, "dead", "other"));
  EXPECT_EQ(c.recordings_of("me")->size(), 1U);
  ASSERT_TRUE(c.finish_recording(r->id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(c.recordings_of("me")->size(), 1U) << "a file is still open";
  ASSERT_TRUE(c.fail_file(r->id, "/spool/.a.flv.part", "empty"));
  EXPECT_EQ(c.recordings_of("me")->size(), 0U);
}

}  // namespace
}  // namespace rec
