// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/running_playlist.h"

#include <gtest/gtest.h>

#include "core/service/delivery.h"
#include "core/service/store_ledger.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class RunningPlaylistTest : public testing::Test {
 protected:
  void start(Seconds refresh = Seconds(10)) {
    NewRecording n = a_recording("me");
    n.directory = dir_.path();
    n.playlist_path = playlist_;
    n.playlist_refresh = refresh;
    n.callbacks.clear();
    id_ = catalogue_.start_recording(n)->id;
    write_file(playlist_, "#EXTM3U\n");
  }
  void add_segment(std::uint64_t number) {
    NewSegment s = a_segment(id_, number);
    s.uri = "s" + std::to_string(number) + ".ts";
    s.path = dir_ / ("live/" + s.uri);
    s.started = clock_.now_utc();
    write_file(s.path, "media");
    write_file(playlist_, read_file(playlist_) + "#EXTINF:2,\n" + s.uri + "\n");
    ASSERT_TRUE(catalogue_.add_segment(s));
  }
  void wait_for_segments() { clock_.advance(Seconds(1)); }
  // What one lane does until nothing is due; the keys in the order in which they went up.
  std::vector<std::string> deliver() {
    std::vector<std::string> puts;
    for (;;) {
      const auto report = deliver_next(catalogue_, "worker", archive(), deliverer(), 0, clock_, nullptr);
      EXPECT_TRUE(report) << report.error().message;
      if (!report || !*report) return puts;
      EXPECT_FALSE((*report)->error) << (*report)->error->message;
      puts.push_back(((*report)->is_running ? "so far " : "") + name_of_file((*report)->location));
    }
  }
  static std::string name_of_file(const std::string &path) { return path.substr(path.rfind('/') + 1); }
  Deliverer deliverer() { return make_deliverer(destinations_, archive(), bucket_, clock_); }
  std::string stored() { return bucket_.objects["live/p.m3u8"]; }
  ClosedFile finished() {
    ClosedFile f = a_closed_file(id_, playlist_);
    f.path = playlist_;
    write_file(playlist_, read_file(playlist_) + "#EXT-X-ENDLIST\n");
    return f;
  }
  static Destinations to_bucket() {
    Destinations d;
    StoreSettings &s = d.stores["archive"];
    s.name = "archive";
    s.uri = "s3://b";
    s.endpoint = "https://h";
    d.credentials["archive"] = {"AK", "SK", ""};
    return d;
  }

  TempDir dir_;
  FakeClock clock_;
  FakeBucket bucket_;
  const Destinations destinations_ = to_bucket();
  const std::string playlist_ = dir_ / "live/p.m3u8";
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  std::int64_t id_ = 0;
};

using Names = std::vector<std::string>;

TEST_F(RunningPlaylistTest, GoesUpBehindItsSegmentsAndNotAgainBeforeItsTime) {
  start();
  add_segment(0);
  EXPECT_EQ(deliver(), Names{"s0.ts"});
  wait_for_segments();
  EXPECT_EQ(deliver(), Names{"so far p.m3u8"});
  EXPECT_EQ(stored(), "#EXTM3U\n#EXTINF:2,\ns0.ts\n");
  clock_.advance(Seconds(4));
  add_segment(1);
  add_segment(2);
  EXPECT_EQ(deliver(), (Names{"s1.ts", "s2.ts"}));
  clock_.advance(Seconds(6));
  EXPECT_EQ(deliver(), Names{"so far p.m3u8"});
  EXPECT_EQ(stored(), read_file(playlist_));
  clock_.advance(Seconds(60));
  EXPECT_EQ(deliver(), Names{}) << "nothing is new";
}

TEST_F(RunningPlaylistTest, NamesNoSegmentThatIsStillOwed) {
  start();
  add_segment(0);
  wait_for_segments();
  ASSERT_EQ(deliver(), (Names{"s0.ts", "so far p.m3u8"}));
  clock_.advance(Seconds(20));
  add_segment(1);
  const auto another = catalogue_.take_due("another", archive(), 1);
  ASSERT_EQ(another->front().path, dir_ / "live/s1.ts");
  wait_for_segments();
  EXPECT_EQ(deliver(), Names{"so far p.m3u8"});
  EXPECT_EQ(stored(), "#EXTM3U\n#EXTINF:2,\ns0.ts\n");
}

TEST_F(RunningPlaylistTest, IsFollowedByTheWholeOne) {
  start();
  add_segment(0);
  ASSERT_TRUE(catalogue_.finish_recording(id_, clock_.now_utc(), finished()));
  EXPECT_EQ(deliver(), (Names{"s0.ts", "p.m3u8"})) << "once";
  EXPECT_EQ(stored(), read_file(playlist_));
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(RunningPlaylistTest, TheWholeOneWaitsForWhatIsUnderWay) {
  start();
  add_segment(0);
  const auto segment = catalogue_.take_due("one", archive(), 1);
  ASSERT_TRUE(catalogue_.done(segment->front().id, "one", "url"));
  wait_for_segments();
  const auto so_far = catalogue_.take_due("another", archive(), 1);
  ASSERT_TRUE(so_far->front().running);
  ASSERT_TRUE(catalogue_.finish_recording(id_, clock_.now_utc(), finished()));
  EXPECT_EQ(deliver(), Names{}) << "it would be replaced by what is older";
  ASSERT_TRUE(catalogue_.retry(so_far->front().id, "another", clock_.now_utc(), "broken off"));
  EXPECT_EQ(deliver(), Names{"p.m3u8"}) << "and nothing of the running one is left";
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(RunningPlaylistTest, NobodyGoesOnWithWhatADeadProcessWasAt) {
  start();
  add_segment(0);
  wait_for_segments();
  ASSERT_EQ(catalogue_.take_due("dead", archive(), 2)->size(), 2U);
  ASSERT_TRUE(catalogue_.finish_recording(id_, clock_.now_utc(), finished()));
  EXPECT_EQ(deliver(), Names{});
  ASSERT_TRUE(catalogue_.release_leases("dead"));
  EXPECT_EQ(deliver(), (Names{"s0.ts", "p.m3u8"}));
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(RunningPlaylistTest, AnotherPlaylistOfTheRecordingTakesItsPlace) {
  start(Seconds(1));
  add_segment(0);
  wait_for_segments();
  ASSERT_EQ(deliver(), (Names{"s0.ts", "so far p.m3u8"}));
  ASSERT_TRUE(catalogue_.change_playlist(id_, finished(), dir_ / "live/q.m3u8"));
  EXPECT_EQ(deliver(), Names{"p.m3u8"});
  NewSegment s = a_segment(id_, 1);
  s.uri = "s1.ts";
  s.path = dir_ / "live/s1.ts";
  s.started = clock_.now_utc();
  write_file(s.path, "media");
  write_file(dir_ / "live/q.m3u8", "#EXTM3U\n#EXTINF:2,\ns1.ts\n");
  ASSERT_TRUE(catalogue_.add_segment(s));
  wait_for_segments();
  EXPECT_EQ(deliver(), (Names{"s1.ts", "so far q.m3u8"}));
}

TEST_F(RunningPlaylistTest, StaysHereUntilItsEndUnlessItIsAskedFor) {
  start(Seconds(0));
  add_segment(0);
  clock_.advance(Seconds(60));
  EXPECT_EQ(deliver(), Names{"s0.ts"});
}

TEST_F(RunningPlaylistTest, GoesToADirectoryAsWell) {
  start();
  Destinations d;
  d.stores["archive"].name = "archive";
  d.stores["archive"].uri = "file://" + dir_ / "store";
  add_segment(0);
  wait_for_segments();
  const Deliverer to_directory = make_deliverer(d, archive(), bucket_, clock_);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(*deliver_next(catalogue_, "worker", archive(), to_directory, 0, clock_, nullptr));
  EXPECT_EQ(read_file(dir_ / "store/live/p.m3u8"), read_file(playlist_));
}

}  // namespace
}  // namespace rec
