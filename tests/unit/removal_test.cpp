// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/removal.h"

#include <gtest/gtest.h>

#include <optional>

#include "core/service/fsck.h"
#include "core/service/housekeeper.h"
#include "core/service/manifest.h"
#include "core/service/recording_search.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class RemovalTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  RemovalTest() {
    StoreSettings &store = destinations_.stores["archive"];
    store.name = "archive";
    store.uri = "s3://b";
    store.endpoint = "https://h";
    destinations_.credentials["archive"] = {"AK", "SK", ""};
  }

  std::int64_t start(const std::string &name) {
    NewRecording r = a_recording("me", std::to_string(++sessions_));
    r.directory = spool_;
    r.playlist_path = spool_ + "/" + name + "/index.m3u8";
    return catalogue_.start_recording(r)->id;
  }
  void finish(std::int64_t id) {
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  }
  // "name/1.ts" ... and "name/index.m3u8".
  std::int64_t hls(const std::string &name, int segments) {
    const std::int64_t id = start(name);
    for (int i = 1; i <= segments; ++i) {
      NewSegment s = a_segment(id, static_cast<std::uint64_t>(i));
      s.path = spool_ + "/" + name + "/" + std::to_string(i) + ".ts";
      write_file(s.path, "segment");
      EXPECT_TRUE(catalogue_.add_segment(s));
    }
    close_playlist(id, name);
    return id;
  }
  void close_playlist(std::int64_t id, const std::string &name) {
    ClosedFile playlist = a_closed_file(id, spool_ + "/" + name + "/index.m3u8");
    playlist.path = playlist.temp_path;
    write_file(playlist.path, "#EXTM3U");
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), playlist));
  }
  // A clip of the first of the source's segments, from `first` on.
  std::int64_t clip(const std::string &name, std::int64_t source, int first, int count) {
    const std::int64_t id = start(name);
    EXPECT_TRUE(sql("INSERT INTO derived_from (recording_id, position, source_id) VALUES (" +
                    std::to_string(id) + ", 0, " + std::to_string(source) + ")"));
    EXPECT_TRUE(sql(
        "INSERT INTO clip_segment (recording_id, position, segment_id) SELECT " + std::to_string(id) +
        ", sequence, id FROM segment WHERE recording_id = " + std::to_string(source) +
        " AND sequence >= " + std::to_string(first) + " AND sequence < " + std::to_string(first + count)));
    close_playlist(id, name);
    return id;
  }
  void upload() {
    for (std::vector<Owed> taken; !(taken = *catalogue_.take_due("worker", archive(), 100)).empty();) {
      for (const Owed &owed : taken) {
        const std::string key = owed.path.substr(spool_.size() + 1);
        bucket_.objects[key] = "object";
        ASSERT_TRUE(catalogue_.done(owed.id, "worker", "https://h/b/" + key));
      }
    }
  }
  Status sql(const std::string &text) { return catalogue_.connection().run(text); }
  std::int64_t count(const std::string &table) {
    auto query = *catalogue_.connection().prepare("SELECT count(*) FROM " + table);
    EXPECT_TRUE(*query.step());
    return query.int64(0);
  }
  Housekeeper housekeeper() {
    return *Housekeeper::create(path_, destinations_, clock_, [this](const HttpSettings &) {
      return std::make_unique<SharedHttp>(bucket_);
    });
  }
  HousekeepingReport work() { return *housekeeper().work_once(catalogue_); }
  Names local() const {
    Names found;
    for (const std::string &path : dir_.files())
      if (path.starts_with("spool/")) found.push_back(path.substr(6));
    return found;
  }
  Names objects() const {
    Names names;
    for (const auto &[key, bytes] : bucket_.objects) names.push_back(key);
    return names;
  }
  // Here and in the bucket.
  void expect_left(const Names &names) {
    EXPECT_EQ(local(), names);
    EXPECT_EQ(objects(), names);
  }
  Errc refusal(std::int64_t id) {
    const Status begun = begin_removal(catalogue_, id, RemovalScope::files);
    return begun ? Errc::cancelled : begun.error().code;
  }

  TempDir dir_;
  FakeClock clock_;
  FakeBucket bucket_;
  Destinations destinations_;
  const std::string spool_ = dir_ / "spool";
  const std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  int sessions_ = 0;
};

TEST_F(RemovalTest, DeletesObjectsAndFilesAndKeepsTheInformation) {
  const std::int64_t id = hls("a", 3);
  hls("b", 1);
  upload();
  EXPECT_EQ(objects().size(), 6U);
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  EXPECT_EQ(catalogue_.recording(id)->removal, Removal::under_way);
  EXPECT_EQ(objects().size(), 6U) << "that is the second phase's";
  EXPECT_EQ(work().removed, 1U);
  expect_left({"b/1.ts", "b/index.m3u8"});
  EXPECT_FALSE(std::filesystem::exists(spool_ + "/a"));
  EXPECT_EQ(catalogue_.recording(id)->removal, Removal::done);
  EXPECT_TRUE(catalogue_.files(id)->front().removed);
  EXPECT_EQ(catalogue_.files(id)->front().url, "");
  EXPECT_TRUE(removal_state(catalogue_, id)->is_over);
  EXPECT_EQ(work().removed, 0U);
}

TEST_F(RemovalTest, DeletesWhatNamesOthersFirst) {
  const std::int64_t id = hls("a", 2);
  upload();
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  RemovalRows rows(catalogue_, "looker");
  const auto taken = *rows.take(10);
  ASSERT_EQ(taken.size(), 1U);
  const auto pieces = *rows.pieces_of(taken.front());
  ASSERT_EQ(pieces.size(), 6U);
  for (std::size_t i = 0; i < pieces.size(); ++i)
    EXPECT_EQ(pieces[i].place.ends_with("index.m3u8"), i == 0 || i == 3) << pieces[i].place;
}

TEST_F(RemovalTest, ForgetsTheInformationAndLeavesTheFiles) {
  const std::int64_t id = hls("a", 2);
  upload();
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::information));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(local().size(), 3U);
  EXPECT_EQ(objects().size(), 3U);
  EXPECT_EQ(catalogue_.recording(id).error().code, Errc::not_found);
  for (const char *table : {"recording", "file", "segment", "outbox", "recording_callback", "removal"})
    EXPECT_EQ(count(table), 0) << table;
}

TEST_F(RemovalTest, ForgetsWhatWasRemovedBefore) {
  const std::int64_t id = hls("a", 2);
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  work();
  EXPECT_EQ(count("recording"), 1);
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files)) << "asking again is harmless";
  EXPECT_EQ(count("removal"), 0);
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::information));
  work();
  EXPECT_EQ(count("recording") + count("file"), 0);
}

TEST_F(RemovalTest, RefusesWhatIsHeldRecordedOrJoined) {
  const std::int64_t running = start("a");
  EXPECT_EQ(refusal(running), Errc::exists);
  finish(running);
  ASSERT_TRUE(set_hold(catalogue_, running, true));
  EXPECT_EQ(refusal(running), Errc::denied);
  ASSERT_TRUE(set_hold(catalogue_, running, false));
  const std::int64_t joined = start("b");
  ASSERT_TRUE(catalogue_.open_file(an_open_file(joined)));
  ASSERT_TRUE(sql("UPDATE file SET part = 1"));
  ASSERT_TRUE(sql("UPDATE recording SET state = 'finished'"));
  EXPECT_EQ(refusal(joined), Errc::exists);
  EXPECT_EQ(refusal(99), Errc::not_found);
  EXPECT_EQ(*begin_removals(catalogue_, {running, joined, 99}, RemovalScope::files), 1U);
  EXPECT_EQ(set_hold(catalogue_, running, true).error().code, Errc::exists);
  EXPECT_EQ(set_hold(catalogue_, 99, true).error().code, Errc::not_found);
}

TEST_F(RemovalTest, KeepsSegmentsUntilTheLastClipOfThemGoes) {
  const std::int64_t source = hls("a", 4);
  const std::int64_t first = clip("c1", source, 2, 2);
  const std::int64_t second = clip("c2", source, 3, 2);
  upload();
  ASSERT_TRUE(begin_removal(catalogue_, source, RemovalScope::files_and_information));
  EXPECT_EQ(work().removed, 1U);
  expect_left({"a/2.ts", "a/3.ts", "a/4.ts", "c1/index.m3u8", "c2/index.m3u8"});
  EXPECT_TRUE(removal_state(catalogue_, source)->is_over);
  EXPECT_EQ(search_recordings(catalogue_, {}, 10)->recordings.size(), 2U);
  ASSERT_TRUE(begin_removal(catalogue_, first, RemovalScope::files));
  work();
  expect_left({"a/3.ts", "a/4.ts", "c2/index.m3u8"});
  ASSERT_TRUE(begin_removal(catalogue_, second, RemovalScope::files_and_information));
  work();
  expect_left({});
  EXPECT_EQ(count("segment") + count("clip_segment") + count("derived_from"), 0);
  EXPECT_EQ(count("recording"), 1) << "the first clip's information";
}

// All that a manifest says is in the stores, and the manifests themselves.
class RemovalAfterARebuild : public RemovalTest {
 protected:
  // Another catalogue, made of manifests alone.
  void rebuild() {
    upload();
    Manifests manifests = *Manifests::open(path_, clock_);
    while (*manifests.write_due({}) > 0) {
    }
    upload();
    ASSERT_EQ(rebuild_catalogue(again_path_, {spool_}, nullptr, clock_)->findings.size(), 0U);
    again_.emplace(*Catalogue::open(again_path_, clock_));
  }
  std::int64_t id_of(const std::string &session_id) { return recording_named(*again_, session_id)->id; }
  void remove_again(const std::string &session_id, RemovalScope scope) {
    ASSERT_TRUE(begin_removal(*again_, id_of(session_id), scope));
    work_again();
  }
  void work_again() {
    Housekeeper keeper =
        *Housekeeper::create(again_path_, destinations_, clock_,
                             [this](const HttpSettings &) { return std::make_unique<SharedHttp>(bucket_); });
    ASSERT_TRUE(keeper.work_once(*again_));
  }

  const std::string again_path_ = dir_ / "again.db";
  std::optional<Catalogue> again_;
};

TEST_F(RemovalAfterARebuild, DeletesObjectsOfWhichNoUploadTells) {
  hls("a", 2);
  rebuild();
  expect_left({"a/1.ts", "a/2.ts", "a/index.m3u8", "a/manifest.json"});
  remove_again("1", RemovalScope::files);
  expect_left({});
}

TEST_F(RemovalAfterARebuild, KeepsSegmentsThatAClipNeeds) {
  clip("c", hls("a", 4), 2, 2);
  rebuild();
  remove_again("1", RemovalScope::files_and_information);
  expect_left({"a/2.ts", "a/3.ts", "c/index.m3u8", "c/manifest.json"});
  remove_again("2", RemovalScope::files_and_information);
  expect_left({});
}

TEST_F(RemovalAfterARebuild, KnowsWhichAreHeldAlsoWhenThatCameLater) {
  const std::int64_t held = hls("a", 1);
  hls("b", 1);
  upload();
  Manifests manifests = *Manifests::open(path_, clock_);
  ASSERT_EQ(*manifests.write_due({}), 2U);
  upload();
  ASSERT_EQ(*manifests.write_again({}), 0U);
  ASSERT_TRUE(set_hold(catalogue_, held, true));
  bucket_.objects.erase("a/manifest.json");
  work();
  EXPECT_EQ(*manifests.write_again({}), 0U) << "the housekeeper has";
  upload();
  EXPECT_TRUE(bucket_.objects.contains("a/manifest.json")) << "it goes up again";
  rebuild();
  EXPECT_EQ(*begin_removals(*again_, {id_of("1"), id_of("2")}, RemovalScope::files), 1U);
  EXPECT_TRUE(again_->recording(id_of("1"))->hold);
  EXPECT_FALSE(again_->recording(id_of("2"))->hold);
}

TEST_F(RemovalTest, TakesClipsAndTheirSourceTogether) {
  const std::int64_t source = hls("a", 2);
  const std::int64_t part = clip("c", source, 1, 1);
  upload();
  ASSERT_EQ(*begin_removals(catalogue_, {source, part}, RemovalScope::files_and_information), 2U);
  work();
  expect_left({});
  EXPECT_EQ(count("recording") + count("removal"), 0);
}

TEST_F(RemovalTest, KeepsInitialisationSectionsForClips) {
  const std::int64_t source = hls("a", 2);
  ASSERT_TRUE(sql("UPDATE segment SET duration_ns = 0 WHERE sequence = 1"));
  clip("c", source, 2, 1);
  ASSERT_TRUE(begin_removal(catalogue_, source, RemovalScope::files));
  work();
  EXPECT_EQ(local(), (Names{"a/1.ts", "a/2.ts", "c/index.m3u8"}));
}

TEST_F(RemovalTest, IsFinishedByWhoeverComesNext) {
  const std::int64_t id = hls("a", 3);
  upload();
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  bucket_.lost_request = 2;
  const HousekeepingReport report = work();
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_NE(report.errors.front().message.find("connection reset"), std::string::npos);
  EXPECT_EQ(removal_state(catalogue_, id)->error, "connection reset");
  EXPECT_EQ(objects().size(), 3U) << "the playlist is gone";
  EXPECT_EQ(local().size(), 4U);
  EXPECT_EQ(work().errors.size(), 0U) << "it is not tried again at once";
  clock_.advance(Seconds(2));
  // One that died with some of them deleted.
  ASSERT_TRUE(RemovalRows(catalogue_, "dead").take(10));
  clock_.advance(Seconds(60));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(objects(), Names{});
  EXPECT_EQ(local(), Names{});
}

TEST_F(RemovalTest, WaitsWhileSomethingIsUploaded) {
  const std::int64_t id = hls("a", 1);
  const auto taken = *catalogue_.take_due("worker", archive(), 1);
  ASSERT_EQ(taken.size(), 1U);
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  EXPECT_EQ(work().removed, 0U);
  EXPECT_EQ(local().size(), 2U);
  bucket_.objects["a/1.ts"] = "object";
  ASSERT_TRUE(catalogue_.done(taken.front().id, "worker", "https://h/b/a/1.ts"));
  EXPECT_TRUE(catalogue_.take_due("worker", archive(), 10)->empty()) << "nothing more is owed";
  clock_.advance(Seconds(10));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(objects(), Names{});
}

TEST_F(RemovalTest, AbortsUploadsThatHaveBegun) {
  for (const RemovalScope scope :
       {RemovalScope::files, RemovalScope::files_and_information, RemovalScope::information}) {
    const std::int64_t id = hls("scope" + std::to_string(static_cast<int>(scope)), 1);
    const auto taken = *catalogue_.take_due("worker", archive(), 1);
    ASSERT_EQ(taken.size(), 1U);
    bucket_.uploads["u1"].key = taken.front().path.substr(spool_.size() + 1);
    ASSERT_TRUE(catalogue_.remember_upload(taken.front().id, "worker", "u1"));
    ASSERT_TRUE(catalogue_.retry(taken.front().id, "worker", clock_.now_utc(), "the network is away"));
    ASSERT_TRUE(begin_removal(catalogue_, id, scope));
    EXPECT_TRUE(catalogue_.take_due("worker", archive(), 10)->empty());
    EXPECT_EQ(work().removed, 1U);
    EXPECT_TRUE(bucket_.uploads.empty()) << name_of(scope);
    EXPECT_EQ(count("outbox"), 0);
    EXPECT_EQ(count("removal"), 0);
  }
}

TEST_F(RemovalTest, LeavesNoManifestThatWasJustWritten) {
  const std::int64_t id = hls("a", 1);
  upload();
  auto manifests = *Manifests::open(path_, clock_);
  bool is_begun = false;
  const auto in_the_middle = [&] {  // asked while digests are computed
    if (!is_begun) {
      is_begun = true;
      EXPECT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
      EXPECT_EQ(work().removed, 1U);
    }
    return false;
  };
  ASSERT_TRUE(manifests.write_due(in_the_middle));
  ASSERT_TRUE(is_begun);
  expect_left({});
  EXPECT_TRUE(catalogue_.take_due("worker", archive(), 10)->empty()) << "it is not uploaded either";
}

TEST_F(RemovalTest, SaysWhatAPersonHasToDo) {
  const std::int64_t id = hls("a", 1);
  upload();
  destinations_.stores.clear();
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  const HousekeepingReport report = work();
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors.front().message,
            "removal of recording 1: store archive is not in the configuration");
  EXPECT_EQ(local().size(), 2U) << "the playlist in the store still names them";
}

TEST_F(RemovalTest, SparesFilesThatAnotherRecordingHasWrittenSince) {
  const std::int64_t first = hls("cam1", 2);
  const std::int64_t second = hls("cam1", 1);  // over the first one's names
  ASSERT_TRUE(begin_removal(catalogue_, first, RemovalScope::files));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(local(), (Names{"cam1/1.ts", "cam1/index.m3u8"}));
  ASSERT_TRUE(begin_removal(catalogue_, second, RemovalScope::files));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(local(), Names{});
}

TEST_F(RemovalTest, DeletesNoLocalCopyThatWentBefore) {
  const std::int64_t id = hls("a", 2);
  ASSERT_TRUE(sql("UPDATE file SET removed_us = 1"));
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  EXPECT_EQ(work().removed, 1U);
  EXPECT_EQ(local().size(), 3U) << "whoever wrote it since";
}

TEST_F(RemovalTest, DeletesNothingOutsideTheRecordingsFolder) {
  const std::int64_t id = hls("a", 1);
  write_file(dir_ / "precious", "x");
  ASSERT_TRUE(sql("UPDATE segment SET path = '" + spool_ + "/../precious'"));
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  EXPECT_EQ(work().errors.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "precious"));
}

TEST(ObjectStoreRemoval, DeletesWhatPutHasMade) {
  TempDir dir;
  FakeBucket bucket;
  FakeClock clock;
  write_file(dir / "spool/a b/1.ts", "media");
  StoreSettings settings;
  settings.name = "archive";
  settings.endpoint = "https://h";
  for (const std::string &uri : {std::string("s3://b/pre fix"), "file://" + (dir / "store")}) {
    settings.uri = uri;
    auto store = *make_object_store(settings, {"AK", "SK", ""}, bucket, clock);
    NewObject object;
    object.directory = dir / "spool";
    object.path = dir / "spool/a b/1.ts";
    const auto url = store->put(object, nullptr);
    ASSERT_TRUE(url);
    bucket.log.clear();
    ASSERT_TRUE(store->remove(*url, nullptr)) << uri;
    ASSERT_TRUE(store->remove(*url, nullptr)) << "one that is not there is no error";
    for (const char *wrong : {"https://elsewhere/b/x", "https://h/b/other/x", "https://h/b/pre%20fix/", "x",
                              "file:///etc/passwd", "file:///tmp/%2e%2e/etc"})
      EXPECT_EQ(store->remove(wrong, nullptr).error().code, Errc::invalid_argument) << wrong;
  }
  EXPECT_TRUE(bucket.objects.empty());
  EXPECT_FALSE(std::filesystem::exists(dir / "store/a b"));
}

}  // namespace
}  // namespace rec
