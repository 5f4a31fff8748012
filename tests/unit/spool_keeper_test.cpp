// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/spool_keeper.h"

#include <gtest/gtest.h>

#include "core/base/digest.h"
#include "core/service/manifest.h"
#include "core/service/store_ledger.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

class SpoolKeeping : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  SpoolKeeping() {
    std::filesystem::create_directories(spool_);
    stores_["archive"].name = "archive";
    stores_["archive"].uri = "s3://bucket";
    stores_["archive"].keep_local = Seconds(60);
  }

  std::int64_t start(const std::string &backup = "", Seconds splice_timeout = Seconds(0)) {
    NewRecording n = a_recording("me", std::to_string(++sessions_));
    n.directory = spool_;
    n.backup_store = backup;
    n.splice_timeout = splice_timeout;
    n.callbacks.clear();
    return catalogue_.start_recording(n)->id;
  }
  ClosedFile facts_of(std::int64_t id, const std::string &name) const {
    ClosedFile f = a_closed_file(id, "/." + name);
    f.path = spool_ + "/" + name;
    write_file(f.path, "media");
    return f;
  }
  void add_file(std::int64_t id, const std::string &name) {
    ASSERT_TRUE(catalogue_.open_file(an_open_file(id, "/." + name)));
    ASSERT_TRUE(catalogue_.close_file(facts_of(id, name)));
  }
  void add_segment(std::int64_t id, std::uint64_t number) {
    NewSegment s = a_segment(id, number);
    s.path = spool_ + "/hls/" + s.uri;
    write_file(s.path, "segment");
    ASSERT_TRUE(catalogue_.add_segment(s));
  }
  void upload(const OwedTarget &target = archive()) {
    const auto taken = *catalogue_.take_due("worker", target, 100);
    for (const Owed &owed : taken)
      ASSERT_TRUE(catalogue_.done(owed.id, "worker", target.name + ":" + owed.path));
  }
  void let_fail() {
    for (const int seconds : {0, 11}) {
      clock_.advance(Seconds(seconds));
      ASSERT_TRUE(StoreLedger(catalogue_).note_failure("archive", clock_.now_utc(), 0));
    }
    ASSERT_TRUE(catalogue_.take_due("nobody", archive(), 0));
  }
  SpoolKeeper keeper(SpoolPolicy policy = {}) {
    return {stores_, policy, clock_, of_templates_,
            [this](const std::string &) -> Result<std::uint64_t> { return free_; }};
  }
  // The file names of what went.
  Names look(SpoolKeeper &keeper) {
    Names removed;
    clock_.advance(SpoolKeeper::kInterval);
    news_ = *keeper.look(catalogue_, [] { return false; });
    for (const SpoolNews &news : news_)
      for (const std::string &path : news.removed) removed.push_back(path.substr(spool_.size() + 1));
    return removed;
  }
  Names local() const {
    Names found;
    for (const std::string &path : dir_.files())
      if (path.starts_with("spool/")) found.push_back(path.substr(6));
    return found;
  }

  TempDir dir_;
  FakeClock clock_;
  const std::string spool_ = dir_ / "spool";
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  std::map<std::string, StoreSettings> stores_;
  std::map<std::string, LocalCopyPolicy> of_templates_;
  std::uint64_t free_ = 100 * kGiB;
  std::vector<SpoolNews> news_;
  int sessions_ = 0;
};

TEST_F(SpoolKeeping, RemovesAFileWhenItHasBeenInItsStoreForLongEnough) {
  const std::int64_t id = start();
  add_file(id, "live/cam/a.flv");
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{}) << "it is owed";
  upload();
  clock_.advance(Seconds(45));
  EXPECT_EQ(look(keeper), Names{});
  EXPECT_EQ(look(keeper), Names{"live/cam/a.flv"});
  EXPECT_FALSE(std::filesystem::exists(spool_ + "/live")) << "empty folders go, too";
  EXPECT_TRUE(std::filesystem::exists(spool_));
  EXPECT_TRUE(catalogue_.files(id)->front().removed);
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, LeavesFoldersInWhichSomethingIs) {
  const std::int64_t id = start();
  add_file(id, "cam/a.flv");
  upload();
  add_file(id, "cam/b.flv");
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(60));
  EXPECT_EQ(look(keeper), Names{"cam/a.flv"});
  EXPECT_EQ(local(), Names{"cam/b.flv"});
}

TEST_F(SpoolKeeping, KeepsEverythingForEverByDefault) {
  stores_["archive"].keep_local.reset();
  add_file(start(), "a.flv");
  upload();
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(1'000'000));
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, KeepsWhatMayBeContinued) {
  const std::int64_t id = start("", Seconds(30));
  add_file(id, "a.flv");
  upload();
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{});
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(look(keeper), Names{"a.flv"});
}

TEST_F(SpoolKeeping, KeepsWhatIsStillToBeMerged) {
  const std::int64_t id = start();
  add_file(id, "a.flv");
  add_segment(id, 1);
  ClosedFile playlist = facts_of(id, "hls/index.m3u8");
  playlist.temp_path = playlist.path;
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), playlist));
  upload();
  upload();
  ASSERT_TRUE(
      catalogue_.connection().run("INSERT INTO job (recording_id, kind, format, next_attempt_us) SELECT id, "
                                  "'merge', 'flv', 0 FROM recording"));
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{});
  ASSERT_TRUE(catalogue_.connection().run("UPDATE job SET done_us = 1"));
  EXPECT_EQ(look(keeper), (Names{"a.flv", "hls/index.m3u8"}));
  EXPECT_EQ(local(), Names{});
}

TEST_F(SpoolKeeping, KeepsWhatOnlyTheBackupHas) {
  const std::int64_t id = start("spare");
  add_file(id, "a.flv");
  let_fail();
  upload({OwedKind::upload, "spare"});
  ASSERT_EQ(catalogue_.files(id)->front().stored_in, "spare");
  SpoolKeeper keeper = this->keeper({.min_free_bytes = 1000 * kGiB});
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{});
  EXPECT_EQ(local(), Names{"a.flv"});
}

TEST_F(SpoolKeeping, ATemplateMaySayHowLong) {
  of_templates_["default"] = {.is_own = true, .keep_local = Seconds(600)};
  of_templates_["for ever"] = {.is_own = true};
  add_file(start(), "a.flv");
  add_file(start(), "b.flv");
  add_file(start(), "c.flv");
  ASSERT_TRUE(
      catalogue_.connection().run("UPDATE recording SET template = 'for ever' WHERE id = 2; "
                                  "UPDATE recording SET template = 'other' WHERE id = 3"));
  upload();
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(60));
  EXPECT_EQ(look(keeper), Names{"c.flv"}) << "as the store says";
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{"a.flv"});
  clock_.advance(Seconds(100'000));
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, TheWordOfTheBackupMayBeEnough) {
  stores_["spare"].name = "spare";
  stores_["spare"].uri = "s3://spare";
  of_templates_["default"] = {.backup_suffices = true};
  const std::int64_t id = start("spare");
  add_file(id, "a.flv");
  add_segment(id, 0);
  let_fail();
  const OwedTarget spare{OwedKind::upload, "spare"};
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{}) << "it is owed to both";
  upload(spare);
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), facts_of(id, "hls/p.m3u8")));
  clock_.advance(Seconds(61));
  EXPECT_EQ(look(keeper), Names{"a.flv"});
  EXPECT_EQ(look(keeper), Names{}) << "the playlist is owed";
  upload(spare);
  clock_.advance(Seconds(61));
  EXPECT_EQ(look(keeper), Names{"hls/p.m3u8"});
  EXPECT_EQ(local(), Names{});
  EXPECT_EQ(catalogue_.owed()->uploads, 3U) << "its own store is still to have them";
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, APlaylistGoesWithAllOfItsSegmentsWhenAllAreStored) {
  const std::int64_t id = start();
  add_segment(id, 0);
  upload();
  add_segment(id, 1);
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{});
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), facts_of(id, "hls/p.m3u8")));
  upload();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{}) << "the playlist is owed";
  upload();
  clock_.advance(Seconds(60));
  EXPECT_EQ(look(keeper), Names{"hls/p.m3u8"});
  EXPECT_EQ(local(), Names{});
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, AManifestGoesWhenItIsStoredAndNothingElseIsLeft) {
  // Two connections: the keeper's and that of who writes manifests.
  catalogue_ = *Catalogue::open(dir_ / "catalogue.db", clock_);
  Manifests manifests = *Manifests::open(dir_ / "catalogue.db", clock_);
  const std::int64_t id = start();
  add_file(id, "live/cam/a.flv");
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  SpoolKeeper keeper = this->keeper();
  upload();
  clock_.advance(Seconds(61));
  EXPECT_EQ(look(keeper), Names{"live/cam/a.flv"});
  ASSERT_TRUE(manifests.write_due({}));
  EXPECT_EQ(local(), Names{"live/cam/a.manifest.json"});
  EXPECT_NE(read_file(spool_ + "/live/cam/a.manifest.json").find(hex_digest(Hash::sha256, "media")),
            std::string::npos)
      << "it says what went before it was written";
  clock_.advance(Seconds(61));
  EXPECT_EQ(look(keeper), Names{}) << "it is owed";
  upload();
  clock_.advance(Seconds(61));
  EXPECT_EQ(look(keeper), Names{"live/cam/a.manifest.json"});
  EXPECT_FALSE(std::filesystem::exists(spool_ + "/live"));
  EXPECT_TRUE(*manifests.is_written(id));
  EXPECT_EQ(*manifests.write_due({}), 0U);
  EXPECT_EQ(look(keeper), Names{});
}

TEST_F(SpoolKeeping, LooksForTheCopyInADirectory) {
  stores_["archive"].uri = "file://" + (dir_ / "store");
  add_file(start(), "a.flv");
  upload();
  SpoolKeeper keeper = this->keeper();
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{}) << "it is not there";
  write_file(dir_ / "store/a.flv", "med");
  EXPECT_EQ(look(keeper), Names{}) << "that is not it";
  write_file(dir_ / "store/a.flv", "media");
  EXPECT_EQ(look(keeper), Names{"a.flv"});
}

TEST_F(SpoolKeeping, NeverTakesTheStoreForACopyOfItself) {
  stores_["archive"].uri = "file://" + spool_;
  add_file(start(), "a.flv");
  upload();
  std::filesystem::create_directory_symlink(spool_, dir_ / "link");
  SpoolKeeper keeper = this->keeper({.min_free_bytes = 1000 * kGiB});
  clock_.advance(Seconds(600));
  EXPECT_EQ(look(keeper), Names{});
  stores_["archive"].uri = "file://" + (dir_ / "link");
  SpoolKeeper through_link = this->keeper();
  EXPECT_EQ(look(through_link), Names{});
  EXPECT_EQ(local(), Names{"a.flv"});
}

TEST_F(SpoolKeeping, MakesRoomBeforeTimeOldestFirstAndNoMoreThanNeeded) {
  stores_["archive"].keep_local.reset();
  const std::int64_t id = start();
  for (const char *name : {"a.flv", "b.flv", "c.flv"}) add_file(id, name);
  upload();
  add_file(id, "d.flv");
  // Each file that goes frees a GiB.
  SpoolKeeper keeper(
      stores_, {.min_free_bytes = 12 * kGiB}, clock_, {},
      [this](const std::string &) -> Result<std::uint64_t> { return (14 - local().size()) * kGiB; });
  EXPECT_EQ(look(keeper), (Names{"a.flv", "b.flv"}));
  EXPECT_EQ(local(), (Names{"c.flv", "d.flv"}));
}

TEST_F(SpoolKeeping, DeletesNothingBeforeTimeWhereThePolicyIsToKeep) {
  stores_["archive"].keep_local.reset();
  add_file(start(), "a.flv");
  upload();
  free_ = 1;
  SpoolKeeper keeper = this->keeper({.min_free_bytes = kGiB, .deletes_uploaded = false});
  EXPECT_EQ(look(keeper), Names{});
  ASSERT_EQ(news_.size(), 1U);
  EXPECT_EQ(news_[0].time_left, Seconds(0)) << "but says so";
  look(keeper);
  EXPECT_TRUE(news_.empty()) << "once";
}

TEST_F(SpoolKeeping, TellsHowLongTheSpoolLastsInAnOutage) {
  add_file(start(), "a.flv");
  SpoolKeeper keeper = this->keeper({.min_free_bytes = 10 * kGiB});
  std::vector<Seconds> told;
  for (int n = 0; n < 170; ++n) {
    if (n == 10) let_fail();
    free_ -= kGiB / 2;
    look(keeper);
    for (const SpoolNews &news : news_) {
      EXPECT_EQ(news.directory, spool_);
      if (news.time_left) told.push_back(*news.time_left);
    }
    if (n == 9) {
      EXPECT_TRUE(told.empty()) << "without an outage it is full of what is expected";
    }
  }
  ASSERT_GE(told.size(), 3U);
  EXPECT_GT(told[0], Seconds(1500));
  EXPECT_LT(told[0], Seconds(2000));
  EXPECT_LE(told[1], told[0] / 2);
  EXPECT_LE(told.size(), 12U) << "not at every look";
}

}  // namespace
}  // namespace rec
