// SPDX-License-Identifier: LGPL-2.1-or-later
// A primary and a backup store: where uploads go when the primary fails, and what comes of them when it is
// back.
#include "core/service/store_moves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/model/retry_schedule.h"
#include "core/service/delivery.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

OwedTarget spare() { return {OwedKind::upload, "spare"}; }
using Event = StoreChange::Event;

// Two stores that work or do not, and a receiver of callbacks; a clock that stands still.
class StoreMoves : public testing::Test {
 protected:
  StoreMoves() {
    destinations_.callbacks["ops"] = {.name = "ops",
                                      .url = "http://ops.example.org/recording",
                                      .schema = "recording",
                                      .key_env = "",
                                      .older_key_env = ""};
  }

  std::int64_t start(const std::string &playlist = "", std::string backup = "spare") {
    NewRecording n = a_recording("me", std::to_string(++sessions_));
    n.directory = dir_.path();
    n.playlist_path = playlist;
    n.backup_store = std::move(backup);
    n.splice_timeout = Nanoseconds(0);
    return catalogue_.start_recording(n)->id;
  }
  void add_file(std::int64_t id, const std::string &name) {
    ASSERT_TRUE(catalogue_.open_file(an_open_file(id, "/." + name)));
    ASSERT_TRUE(catalogue_.close_file(facts_of(id, name)));
  }
  ClosedFile facts_of(std::int64_t id, const std::string &name) const {
    ClosedFile f = a_closed_file(id, "/." + name);
    f.path = dir_ / name;
    write_file(f.path, "media");
    return f;
  }
  void add_segment(std::int64_t id, std::uint64_t number) {
    NewSegment s = a_segment(id, number);
    s.path = dir_ / std::to_string(id) + "-" + s.uri;
    ASSERT_TRUE(catalogue_.add_segment(s));
  }
  void finish(std::int64_t id, const std::string &playlist) {
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), facts_of(id, playlist)));
  }

  // One try for each thing that may be tried now; the names of what arrived.
  std::vector<std::string> serve(const OwedTarget &target) {
    std::vector<std::string> arrived;
    const DeliverOne put = [&](const Owed &owed, const AttemptNews &, GCancellable *) -> Result<std::string> {
      ++attempts_[target.name];
      if (is_dead_[target.name]) return Error{Errc::unavailable, "connection refused"};
      const std::string name = owed.path.substr(owed.path.rfind('/') + 1);
      arrived.push_back(name);
      return target.name + ":" + name;
    };
    for (int n = 0; n < 1000; ++n) {
      const auto report =
          deliver_next(catalogue_, "worker", target, {put, upload_retry_delay}, 0, clock_, nullptr);
      EXPECT_TRUE(report) << report.error().message;
      if (!report || !*report) break;
      states_[(*report)->location.substr((*report)->location.rfind('/') + 1)] = name_of((*report)->state);
    }
    return arrived;
  }
  // Time passes, and the lanes look about as they do.
  void live(Seconds seconds) {
    for (Seconds passed{0}; passed < seconds; passed += Seconds(1)) {
      serve(archive());
      serve(spare());
      clock_.advance(Seconds(1));
    }
  }
  std::vector<std::string> tell() {
    FakeHttp http({FakeHttp::status(200)});
    std::vector<std::string> told;
    const Deliverer deliverer = make_deliverer(destinations_, ops(), http, clock_);
    while (const auto report = *deliver_next(catalogue_, "worker", ops(), deliverer, 0, clock_, nullptr)) {
      EXPECT_FALSE(report->error);
      const std::string &body = http.requests.back().body;
      const auto from = body.find("\"url\":\"") + 7;
      told.push_back(body.substr(from, body.find('"', from) - from));
    }
    return told;
  }
  std::vector<Event> events() {
    std::vector<Event> events;
    const auto changes = *ledger_.changes_since(0);
    for (const StoreChange &change : changes) events.push_back(change.event);
    return events;
  }
  using Names = std::vector<std::string>;

  TempDir dir_;
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  StoreLedger ledger_{catalogue_};
  Destinations destinations_;
  std::map<std::string, bool> is_dead_;
  std::map<std::string, int> attempts_;
  std::map<std::string, std::string> states_;  // by file, as reported last
  int sessions_ = 0;
};

TEST_F(StoreMoves, AFileGoesToTheBackupAfterTenSecondsAndIsAnnouncedThere) {
  is_dead_["archive"] = true;
  add_file(start(), "a.flv");
  live(Seconds(9));
  EXPECT_EQ(attempts_["spare"], 0);
  EXPECT_EQ(tell(), Names{});
  live(Seconds(3));
  EXPECT_EQ(tell(), Names{"spare:a.flv"});
  EXPECT_EQ(states_["a.flv"], "backed-up");
  EXPECT_EQ(events(), (std::vector{Event::outage, Event::failed_over}));
  EXPECT_EQ(catalogue_.owed()->uploads, 1U) << "the primary's";
  EXPECT_EQ(catalogue_.owed_by("me")->uploads, 0U) << "which nobody waits for";
}

TEST_F(StoreMoves, WhatTheBackupHasIsBackFilledAndNotAnnouncedAgain) {
  is_dead_["archive"] = true;
  const std::int64_t id = start();
  add_file(id, "a.flv");
  live(Seconds(12));
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  tell();
  is_dead_["archive"] = false;
  live(Seconds(61));
  EXPECT_EQ(states_["a.flv"], "back-filled");
  EXPECT_EQ(tell(), Names{});
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
  EXPECT_EQ(events().back(), Event::backfilled);
  EXPECT_EQ(catalogue_.files(id)->front().url, "spare:a.flv") << "what was announced stays true";
  EXPECT_EQ(catalogue_.files(id)->front().stored_in, "spare");
}

TEST_F(StoreMoves, APlaylistHasAllOfItsSegmentsInOneStore) {
  const std::int64_t id = start("/p.m3u8");
  add_segment(id, 0);
  add_segment(id, 1);
  EXPECT_EQ(serve(archive()).size(), 2U);
  is_dead_["archive"] = true;
  add_segment(id, 2);
  live(Seconds(12));
  EXPECT_EQ(states_.size(), 3U);
  finish(id, "p.m3u8");
  EXPECT_EQ(serve(spare()), Names{"p.m3u8"}) << "all three segments came before it";
  EXPECT_EQ(attempts_["spare"], 4);
  EXPECT_EQ(tell(), Names{"spare:p.m3u8"});

  is_dead_["archive"] = false;
  clock_.advance(Seconds(60));
  EXPECT_EQ(serve(archive()), (Names{std::to_string(id) + "-segment2.ts", "p.m3u8"}));
  EXPECT_EQ(tell(), Names{});
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(StoreMoves, EachPlaylistOfACycleHasItsOwnSegmentsBeforeIt) {
  const std::int64_t id = start("/p0.m3u8");
  add_segment(id, 0);
  ASSERT_TRUE(catalogue_.change_playlist(id, facts_of(id, "p0.m3u8"), "/p1.m3u8"));
  EXPECT_EQ(serve(archive()).size(), 2U);
  is_dead_["archive"] = true;
  add_segment(id, 1);
  ASSERT_TRUE(catalogue_.change_playlist(id, facts_of(id, "p1.m3u8"), "/p2.m3u8"));
  add_segment(id, 2);
  finish(id, "p2.m3u8");
  serve(archive());
  clock_.advance(Seconds(10));
  serve(archive());
  const std::string segment = std::to_string(id) + "-segment";
  EXPECT_EQ(serve(spare()), (Names{segment + "1.ts", "p1.m3u8", segment + "2.ts", "p2.m3u8"}))
      << "what the primary has whole stays there";
}

TEST_F(StoreMoves, ARecordingEndsInTheBackupWhereItsSegmentsAre) {
  is_dead_["archive"] = true;
  const std::int64_t id = start("/p.m3u8");
  add_segment(id, 0);
  live(Seconds(12));
  is_dead_["archive"] = false;
  live(Seconds(20));
  add_segment(id, 1);
  finish(id, "p.m3u8");
  EXPECT_EQ(serve(spare()), (Names{std::to_string(id) + "-segment1.ts", "p.m3u8"}));
  EXPECT_EQ(tell(), Names{"spare:p.m3u8"});
  EXPECT_EQ(serve(archive()).size(), 2U) << "and is whole in the primary, too";
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(StoreMoves, ARecordingOfWhichNothingIsInTheBackupReturns) {
  is_dead_["archive"] = is_dead_["spare"] = true;
  const std::int64_t id = start("/p.m3u8");
  add_segment(id, 0);
  live(Seconds(30));
  EXPECT_GT(attempts_["spare"], 0);
  is_dead_["archive"] = false;
  live(Seconds(60));
  EXPECT_EQ(events().back(), Event::returned);
  add_segment(id, 1);
  finish(id, "p.m3u8");
  EXPECT_EQ(serve(archive()).size(), 2U);
  EXPECT_EQ(tell(), Names{"archive:p.m3u8"});
  EXPECT_EQ(catalogue_.owed()->uploads, 0U) << "the backup is owed nothing";
}

TEST_F(StoreMoves, TheStoreThatIsBackFirstCounts) {
  is_dead_["archive"] = is_dead_["spare"] = true;
  const std::int64_t id = start();
  add_file(id, "a.flv");
  add_file(id, "b.flv");
  live(Seconds(40));
  EXPECT_EQ(tell(), Names{});
  is_dead_["archive"] = false;
  clock_.advance(Seconds(60));
  EXPECT_EQ(serve(archive()), (Names{"a.flv", "b.flv"})) << "in their order";
  EXPECT_EQ(tell(), (Names{"archive:a.flv", "archive:b.flv"}));
  is_dead_["spare"] = false;
  clock_.advance(Seconds(600));
  EXPECT_EQ(serve(spare()), Names{});
}

TEST_F(StoreMoves, FilesOfOneRecordingGoToTheBackupInTheirOrder) {
  is_dead_["archive"] = true;
  const std::int64_t id = start();
  for (const char *name : {"a.flv", "b.flv", "c.flv"}) add_file(id, name);
  live(Seconds(10));
  serve(archive());
  EXPECT_EQ(serve(spare()), (Names{"a.flv", "b.flv", "c.flv"}));
  add_file(id, "d.flv");
  EXPECT_EQ(serve(spare()), Names{"d.flv"}) << "at once";
}

TEST_F(StoreMoves, ARecordingThatBeginsInAnOutageGoesToTheBackupAtOnce) {
  is_dead_["archive"] = true;
  add_file(start(), "a.flv");
  live(Seconds(12));
  add_file(start(), "b.flv");
  EXPECT_EQ(serve(spare()), Names{"b.flv"});
}

TEST_F(StoreMoves, WithoutABackupFilesWaitForTheirStore) {
  is_dead_["archive"] = true;
  add_file(start("", ""), "a.flv");
  live(Seconds(100));
  EXPECT_EQ(attempts_["spare"], 0);
  is_dead_["archive"] = false;
  live(Seconds(61));
  EXPECT_EQ(tell(), Names{"archive:a.flv"});
  EXPECT_EQ(events(), (std::vector{Event::outage, Event::back}));
}

TEST_F(StoreMoves, AFileThatIsGoneIsNoOutage) {
  const std::int64_t id = start();
  add_file(id, "a.flv");
  std::filesystem::remove(dir_ / "a.flv");
  const DeliverOne put = [](const Owed &, const AttemptNews &, GCancellable *) -> Result<std::string> {
    return Error{Errc::not_found, "a.flv: No such file or directory"};
  };
  for (int n = 0; n < 20; ++n) {
    ASSERT_TRUE(deliver_next(catalogue_, "worker", archive(), {put, upload_retry_delay}, 0, clock_, nullptr));
    clock_.advance(Seconds(1));
  }
  EXPECT_EQ(ledger_.health("archive")->failed, 0);
  EXPECT_EQ(events(), std::vector<Event>{});
}

TEST_F(StoreMoves, AnOutageIsStatedAlsoWhenNobodyAsksForRows) {
  is_dead_["archive"] = true;
  add_file(start(), "a.flv");
  serve(archive());
  ASSERT_TRUE(ledger_.state_outages());
  EXPECT_EQ(events(), std::vector<Event>{});
  clock_.advance(Seconds(10));
  ASSERT_TRUE(ledger_.state_outages());
  EXPECT_EQ(events(), (std::vector{Event::outage, Event::failed_over}));
  EXPECT_EQ(serve(spare()), Names{"a.flv"});
}

TEST_F(StoreMoves, WhoBeginsToWorkTriesAtOnce) {
  is_dead_["archive"] = true;
  add_file(start("", ""), "a.flv");
  live(Seconds(100));
  const int before = attempts_["archive"];
  EXPECT_EQ(serve(archive()), Names{});
  EXPECT_EQ(attempts_["archive"], before);
  is_dead_["archive"] = false;
  ASSERT_TRUE(ledger_.probe_now());
  EXPECT_EQ(serve(archive()), Names{"a.flv"});
}

TEST_F(StoreMoves, WhatIsNewComesBeforeWhatIsBackFilled) {
  is_dead_["archive"] = true;
  for (int n = 0; n < 5; ++n) {
    const std::int64_t id = start();
    add_file(id, "old" + std::to_string(n));
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  }
  live(Seconds(12));
  EXPECT_EQ(tell().size(), 5U);
  is_dead_["archive"] = false;
  clock_.advance(Seconds(60));
  ASSERT_TRUE(
      *deliver_next(catalogue_, "worker", archive(),
                    {[](auto &&...) -> Result<std::string> { return std::string("x"); }, upload_retry_delay},
                    0, clock_, nullptr));
  add_file(start(), "new");
  EXPECT_EQ(serve(archive()), (Names{"new", "old1", "old2", "old3", "old4"}));
}

// 24 h, a file every hour.
TEST_F(StoreMoves, ADayWithoutAnyStoreCostsRowsAndFewProbes) {
  is_dead_["archive"] = is_dead_["spare"] = true;
  const std::int64_t id = start();
  constexpr int kFiles = 24;
  for (int n = 0; n < kFiles; ++n) {
    char name[16];
    std::snprintf(name, sizeof name, "%03d.flv", n % 1000);
    add_file(id, name);
    for (int look = 0; look < 15; ++look) {
      serve(archive());
      serve(spare());
      clock_.advance(Seconds(240));
    }
  }
  EXPECT_LT(attempts_["archive"], 24 * 60 * 2);
  EXPECT_EQ(catalogue_.owed()->uploads, 2U * kFiles);
  EXPECT_EQ(tell(), Names{});
  is_dead_["spare"] = false;
  live(Seconds(61));
  EXPECT_EQ(tell().size(), std::size_t{kFiles});
  is_dead_["archive"] = false;
  live(Seconds(61));
  EXPECT_EQ(tell(), Names{}) << "once each";
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

}  // namespace
}  // namespace rec
